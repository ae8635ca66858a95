import { DIALECTS, FAULTS } from "@mn316-fleet/virtual-mn316";

/** All faults and dialects with what they do, as lines for a person. */
export function listFaults(): string {
  return `Faults:\n${linesOf(FAULTS)}\nDialects:\n${linesOf(DIALECTS)}`;
}

function linesOf(entries: Record<string, { about: string }>): string {
  return Object.entries(entries)
    .map(([name, { about }]) => `  ${name.padEnd(24)}${about}\n`)
    .join("");
}
