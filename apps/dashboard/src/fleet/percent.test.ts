import { inPercent } from "./percent";

it.each([
  [0, "0.00 %"],
  [0.57, "57.00 %"],
  [0.96489, "96.48 %"],
  [0.999999, "99.99 %"],
  [1, "100 %"],
])("writes the share %d as %s", (share, expected) => {
  expect(inPercent(share)).toBe(expected);
});
