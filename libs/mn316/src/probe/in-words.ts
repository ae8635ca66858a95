import type { ProbeReport } from "./probe";

/** A probe's report as lines for a person. */
export function inWords({ identity, state, signal, cell, commands, departures, foreignDialect }: ProbeReport): string {
  const told = Object.entries(identity).map(([field, value]) => `${field}: ${value as string}`);
  const dbm = signal && signal.rssi !== 99 ? `${2 * signal.rssi - 113} dBm` : "unknown";
  return [
    ...(told.length > 0 ? told : ["the module says nothing of itself"]),
    `connection: ${state}`,
    `signal: ${dbm}${cell === undefined ? "" : `, cell ${cell}`}`,
    "",
    ...commands.map(
      ({ name, section, asked, result, support }) =>
        `${support.padEnd(8)}AT+${name.padEnd(10)}${section.padEnd(17)}${asked} → ${result}`,
    ),
    "",
    `departs from the manual in: ${departures.length > 0 ? departures.join(", ") : "nothing that asking shows"}`,
    ...(foreignDialect === undefined ? [] : [`this is no MN316: it speaks ${foreignDialect}`]),
    "",
  ].join("\n");
}
