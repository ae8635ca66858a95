import { Aedes } from "aedes";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** An MQTT broker on this machine for the time of a rehearsal, in place of every host that a module is told. */
export class RehearsalBroker {
  private constructor(
    readonly url: string,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(): Promise<RehearsalBroker> {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      aedes.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    return new RehearsalBroker(`mqtt://127.0.0.1:${port}`, async () => {
      await new Promise<void>((resolve) => {
        aedes.close(resolve);
      });
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }
}
