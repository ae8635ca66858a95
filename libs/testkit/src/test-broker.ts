import { Aedes, type AedesOptions } from "aedes";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface TestBroker {
  /** `mqtt://127.0.0.1:port` */
  url: string;
  port: number;
  aedes: Aedes;
  stop(): Promise<void>;
}

/**
 * A real MQTT broker (aedes) on this machine, for one suite.
 * @param atPort a free one unless given
 */
export async function startTestBroker(options: AedesOptions = {}, atPort = 0): Promise<TestBroker> {
  const aedes = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(atPort, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    aedes,
    stop: async () => {
      await new Promise<void>((resolve) => {
        aedes.close(resolve);
      });
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
