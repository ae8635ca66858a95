import type { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { OpenLine } from "./open-line";

/** Offers a module's line as a serial server does: raw bytes on a TCP port, one host at a time, the newest wins. */
export async function openTcpServer(module: VirtualMn316, port: number): Promise<OpenLine> {
  let host: Socket | undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    host?.destroy();
    host = socket;
    socket.on("error", () => undefined); // a host that goes away is no fault of the module
    module.attach(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      host?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
