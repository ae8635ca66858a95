import { Aedes } from "aedes";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { BrokerRequest } from "./arguments";
import { untilEnded } from "./until-ended";

/** Runs an MQTT 3.1.1 broker on 127.0.0.1, open to everybody on this machine; prints its address once it listens. */
export async function runBroker({ port, exitWithStdin }: BrokerRequest): Promise<void> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  process.stdout.write(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  await untilEnded({ exitWithStdin });
  await new Promise<void>((resolve) => {
    aedes.close(resolve);
  });
  for (const socket of sockets) socket.destroy();
  server.close();
}
