import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  near: Socket;
  far: Socket;
  isLost: boolean;
}

/**
 * The network between the nodes and PostgreSQL. What is lost on it is lost without a word, as behind a firewall that forgot its
 * connections: they stand on both sides, and nothing arrives on them ever again, also when others come about.
 */
export class DatabaseLine {
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();
  private isDown = false;

  /** @param target PostgreSQL's own address */
  constructor(private readonly target: string) {
    this.server = createServer((near) => {
      this.admit(near);
    });
  }

  /** The address by which PostgreSQL is reached over this line. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async open(): Promise<void> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
  }

  /** From now on all that is connected is lost, and what connects gets no answer. */
  swallow(): void {
    this.isDown = true;
    for (const pair of this.pairs) pair.isLost = true;
  }

  /** Lets connections come about again; what was lost stays so. */
  mend(): void {
    this.isDown = false;
  }

  /** PostgreSQL's keep-alive has found the lost ones dead. Nodes hear nothing of it. */
  endLost(): void {
    for (const { far, isLost } of this.pairs) if (isLost) far.destroy();
  }

  async close(): Promise<void> {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
    this.server.close();
    await once(this.server, "close");
  }

  private admit(near: Socket): void {
    const { hostname, port } = new URL(this.target);
    // A connection that is lost from its begin never reaches PostgreSQL.
    const far = connect({ host: hostname, port: Number(port) });
    const pair: Pair = { near, far, isLost: this.isDown };
    if (this.isDown) far.destroy();
    this.pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => undefined); // told by close
      from.on("data", (data: Buffer) => {
        if (!pair.isLost && !to.destroyed && !to.write(data)) from.pause();
      });
      from.on("drain", () => to.resume());
      from.on("close", () => {
        if (!pair.isLost) to.destroy();
        if (near.destroyed && far.destroyed) this.pairs.delete(pair);
      });
    }
  }
}
