import { type Finding, inspectModule, inspectServer, Tokens } from "@mn316-fleet/agent-core";
import type { Settings } from "./settings";

/**
 * Tests the serial port, the module and the server of each module one by one, and prints for each what was found and what to do.
 * @returns the exit code: 0 only when nothing is wrong
 */
export async function check({ server, network, modules }: Settings): Promise<number> {
  const findings: Finding[] = [];
  const print = (finding: Finding) => {
    findings.push(finding);
    const { subject, verdict, found, advice } = finding;
    const mark = { good: "ok  ", doubtful: "note", bad: "BAD " }[verdict];
    process.stdout.write(`${mark}  ${subject}: ${found}\n${advice === undefined ? "" : `      → ${advice}\n`}`);
  };
  for (const { port, baudRate, token, dataDir } of modules) {
    for await (const finding of inspectModule(port, baudRate)) print(finding);
    const tokens = await Tokens.open(dataDir, token);
    for await (const finding of inspectServer(server, tokens, network)) print(finding);
  }
  const isAllWell = findings.every(({ verdict }) => verdict !== "bad");
  process.stdout.write(isAllWell ? "All is well.\n" : "Something must be done first: see the lines marked BAD.\n");
  return isAllWell ? 0 : 1;
}
