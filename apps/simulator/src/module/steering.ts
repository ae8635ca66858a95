import { isFaultName, type VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

const ORDERS = "fault NAME on|off, restart, state, commands";

/**
 * Lets whoever started the module steer it, one order a line. Questions are answered with one line of JSON: `state` with
 * the module's `<stat>` (§2.3) and its faults, `commands` with the AT commands that have reached it.
 */
export function steer(module: VirtualMn316, orders: Readable, answers: Writable): void {
  const answer = (value: unknown) => answers.write(`${JSON.stringify(value)}\n`);
  createInterface({ input: orders }).on("line", (line) => {
    const [order, name = "", state] = line.trim().split(/\s+/);
    if (order === "fault" && isFaultName(name) && (state === "on" || state === "off"))
      module.fault(name, state === "on");
    else if (order === "restart") module.restart();
    else if (order === "state") answer({ stat: module.state, faults: module.activeFaults });
    else if (order === "commands") answer(module.commands);
    else if (order !== "") process.stderr.write(`mn316-sim: "${line}" is no order: ${ORDERS}\n`);
  });
}
