import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Link } from "./link";
import type { Weather } from "./weather";

const CHECK_EVERY_MS = 500;
const CHECK_PATIENCE_MS = 1_500;

/**
 * The load balancer in front of all nodes, and the network between it and the agents: asks each node whether it is ready, sends
 * a connection to one of those that are, and lets weather happen to what passes.
 */
export class Door {
  private readonly server: Server;
  private readonly links = new Set<Link>();
  private readonly ready = new Set<string>();
  private weather: Weather = { kind: "fair" };
  private checks: NodeJS.Timeout | undefined;
  private tick: NodeJS.Timeout | undefined;

  /** @param nodes addresses of all nodes, whether they run or not, `http://host:port` */
  constructor(
    private readonly nodes: () => readonly string[],
    private readonly random: () => number,
  ) {
    this.server = createServer({ allowHalfOpen: true }, (client) => void this.admit(client));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async open(): Promise<void> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    await this.check();
    this.checks = setInterval(() => void this.check(), CHECK_EVERY_MS);
  }

  /** Changes the weather; connections that were lost in the old one are reset by the new one. */
  set(weather: Weather): void {
    clearInterval(this.tick);
    this.weather = weather;
    for (const link of this.links) link.suffer(weather);
    if (weather.kind === "reordered")
      this.tick = setInterval(() => {
        for (const link of this.links) if (this.random() < weather.share) link.overtake();
      }, weather.everyMs);
  }

  async close(): Promise<void> {
    clearInterval(this.checks);
    clearInterval(this.tick);
    for (const link of this.links) link.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  private async admit(client: Socket): Promise<void> {
    client.on("error", () => undefined); // told by close
    if (this.weather.kind === "cut") {
      client.destroy();
      return;
    }
    for (const url of this.candidates()) {
      const node = await reach(url);
      if (!node) continue;
      const link = new Link(client, node, this.random);
      this.links.add(link);
      link.onceGone(() => this.links.delete(link));
      link.suffer(this.weather);
      return;
    }
    client.destroy();
  }

  /** Where no node is ready, any is as good as none. */
  private candidates(): string[] {
    const all = this.nodes();
    const ready = all.filter((url) => this.ready.has(url));
    return [...(ready.length > 0 ? ready : all)]
      .map((url) => ({ url, lot: this.random() }))
      .sort((a, b) => a.lot - b.lot)
      .map(({ url }) => url);
  }

  private async check(): Promise<void> {
    await Promise.all(
      this.nodes().map(async (url) => {
        const isReady = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(CHECK_PATIENCE_MS) }).then(
          async (answer) => {
            await answer.arrayBuffer();
            return answer.ok;
          },
          () => false,
        );
        if (isReady) this.ready.add(url);
        else this.ready.delete(url);
      }),
    );
  }
}

/** @returns undefined where nobody listens */
async function reach(url: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  try {
    await once(socket, "connect");
    socket.on("error", () => undefined); // told by close
    return socket;
  } catch {
    return undefined;
  }
}
