import { BASIC_COMMANDS, type CommandEntry, MQTT_COMMANDS, type QuirkName } from "@mn316-fleet/manual";
import type { Identity } from "../driver/options";
import type { Mn316 } from "../driver/mn316";
import { foreignDialect } from "../driver/unsolicited";

/** What a module supports, as far as asking can tell without changing it. */
export interface ProbeReport {
  identity: Identity;
  state: string;
  signal?: { rssi: number; ber: number };
  cell?: string;
  commands: ProbedCommand[];
  /** Where it departs from the manual, by the names of its quirks. */
  departures: QuirkName[];
  /** Another family's MQTT grammar under the same names; the rest means little then. */
  foreignDialect?: string;
}

export interface ProbedCommand {
  name: string;
  section: string;
  /** What was asked: the read form where it has one, else the test form, which the manual does not promise. */
  asked: string;
  result: string;
  /** `unclear` where only the test form was refused. */
  support: "yes" | "no" | "unclear";
}

/** What an answer of the module shows to depart from the manual. */
const DEPARTURES: readonly [name: QuirkName, pattern: RegExp][] = [
  ["space-after-colon", /^\+MQTT(CFG|STAT|SUB): /],
  ["masked-password", /^\+MQTTCFG:.*,"\*+",/],
  ["null-config", /\(null\)/],
  ["quoted-strings", /^\+MQTTCFG: ?"/],
  ["busy", /^\+CME ERROR: ?8007$/],
  ["dirty-input", /^\+CME ERROR: ?8003$/],
  ["verbose-errors", /^\+CME ERROR: ?[a-z]/i],
];

/** Asks a started module for what it is and supports; sends no command that changes it. */
export async function probe(module: Mn316): Promise<ProbeReport> {
  const identity = await module.identify();
  const commands: ProbedCommand[] = [];
  const lines: string[] = [];
  for (const entry of [...MQTT_COMMANDS, ...BASIC_COMMANDS] as readonly CommandEntry[]) {
    const { probed, output } = await ask(module, entry);
    commands.push(probed);
    lines.push(...output, probed.result);
  }
  const [signal, cell] = [await module.signal(), await module.cell()];
  const foreign = lines.map(foreignDialect).find(Boolean);
  return {
    identity,
    state: await module.queryState(),
    ...(signal && { signal }),
    ...(cell !== undefined && { cell }),
    commands,
    departures: DEPARTURES.filter(([, pattern]) => lines.some((line) => pattern.test(line))).map(([name]) => name),
    ...(foreign !== undefined && { foreignDialect: foreign }),
  };
}

async function ask(module: Mn316, entry: CommandEntry): Promise<{ probed: ProbedCommand; output: string[] }> {
  const { name, section, hasRead, hasExecute } = entry;
  const isHarmless = hasExecute && section.startsWith("27.007");
  const asked = `AT+${name}${hasRead ? "?" : isHarmless ? "" : "=?"}`;
  const { result, output } = await module.exec(asked);
  const isTestForm = asked.endsWith("=?");
  // A read form may be refused for the module's state; that is no lack of the command.
  const isUnknown = result === "ERROR" || result === "+CME ERROR:4" || result === "+CME ERROR:100";
  const support = result === "OK" ? "yes" : isTestForm || !isUnknown ? "unclear" : "no";
  return { probed: { name, section, asked, result, support }, output };
}
