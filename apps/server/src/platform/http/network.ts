import { isIPv6 } from "node:net";

/** What one party is likely to hold of an address: all of an IPv4 one, the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail = ""] = (address.split("%")[0] ?? "").split("::");
  const [first, last] = [head, tail].map((part) => (part === "" ? [] : part.split(":")));
  const gap = Array<string>(Math.max(0, 8 - (first?.length ?? 0) - (last?.length ?? 0))).fill("0");
  const groups = [...(first ?? []), ...gap, ...(last ?? [])].map((group) =>
    group.replace(/^0+(?=.)/, "").toLowerCase(),
  );
  return `${groups.slice(0, 4).join(":")}::/64`;
}
