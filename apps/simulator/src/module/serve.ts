import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import type { ModuleRequest } from "../arguments";
import { openPty } from "../lines/pty";
import { openTcpServer } from "../lines/tcp-server";
import { untilEnded } from "../until-ended";
import { steer } from "./steering";

/** Runs one virtual module on a pseudo-terminal or a TCP port, prints what a host opens, and takes orders on standard input. */
export async function serveModule(request: ModuleRequest): Promise<void> {
  const { line, imei, broker, exitWithStdin, ...settings } = request;
  const module = new VirtualMn316({
    ...settings,
    ...(imei !== undefined && { imei }),
    ...(broker !== undefined && { broker }),
  });
  const open = line.kind === "pty" ? openPty(module, line.link) : openTcpServer(module, line.port);
  const { address, close } = await open;
  process.stdout.write(`${address}\n`);
  steer(module, process.stdin, process.stdout);
  await untilEnded({ exitWithStdin });
  module.destroy();
  await close();
}
