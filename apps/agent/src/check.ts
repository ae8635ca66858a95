import { type Finding, inspectModule, inspectServer } from "@mn316-fleet/agent-core";
import type { Settings } from "./settings";

/**
 * Tests the serial port, the module and the server one by one, and prints for each what was found and what to do.
 * @returns the exit code: 0 only when nothing is wrong
 */
export async function check({ server, token, port, baudRate }: Settings): Promise<number> {
  const findings: Finding[] = [];
  const print = (finding: Finding) => {
    findings.push(finding);
    const { subject, verdict, found, advice } = finding;
    const mark = { good: "ok  ", doubtful: "note", bad: "BAD " }[verdict];
    process.stdout.write(`${mark}  ${subject}: ${found}\n${advice === undefined ? "" : `      → ${advice}\n`}`);
  };
  for await (const finding of inspectModule(port, baudRate)) print(finding);
  for await (const finding of inspectServer(server, token, {})) print(finding);
  const isAllWell = findings.every(({ verdict }) => verdict !== "bad");
  process.stdout.write(isAllWell ? "All is well.\n" : "Something must be done first: see the lines marked BAD.\n");
  return isAllWell ? 0 : 1;
}
