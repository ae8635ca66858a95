/**
 * A share as per cent with two decimals, cut and never rounded up: 100 % means that nothing was missing.
 * @param share 0 to 1
 */
export function inPercent(share: number): string {
  if (share >= 1) return "100 %";
  // A share like 0.57 times 10,000 is a hair below 5,700 in binary.
  return `${(Math.floor(share * 10_000 + 1e-6) / 100).toFixed(2)} %`;
}
