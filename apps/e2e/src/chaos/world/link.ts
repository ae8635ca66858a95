import type { Socket } from "node:net";
import type { Weather } from "./weather";

const PIECE_BYTES = 700;

/** One connection through the door: two sockets, and what is under way between them. */
export class Link {
  private weather: Weather = { kind: "fair" };
  /** The delay of this connection in reordered weather, as a share of the longest. */
  private readonly slowness: number;
  /** Something was swallowed: the connection can never go on. */
  private isLost = false;
  private isGone = false;
  private readonly toNode: Lane;
  private readonly toClient: Lane;
  private tellGone: () => void = () => undefined;

  constructor(
    private readonly client: Socket,
    private readonly node: Socket,
    private readonly random: () => number,
  ) {
    this.slowness = random();
    this.toNode = new Lane(client, node, this);
    this.toClient = new Lane(node, client, this);
  }

  onceGone(callback: () => void): void {
    this.tellGone = callback;
  }

  suffer(weather: Weather): void {
    this.weather = weather;
    if (weather.kind === "cut" || (this.isLost && weather.kind !== "half-open")) this.destroy();
  }

  /** Breaks the agent's side, while what it sent goes on to the node. */
  overtake(): void {
    this.client.destroy();
  }

  destroy(): void {
    this.client.destroy();
    this.node.destroy();
    this.gone();
  }

  /** Milliseconds until a piece arrives; undefined where it never does. */
  delayMs(): number | undefined {
    switch (this.weather.kind) {
      case "slow":
        return this.weather.delayMs + this.random() * this.weather.jitterMs;
      case "reordered":
        return this.weather.maxDelayMs * this.slowness;
      case "half-open":
        this.isLost = true;
        return undefined;
      default:
        return 0;
    }
  }

  get pieceBytes(): number {
    return this.weather.kind === "slow" ? PIECE_BYTES : Infinity;
  }

  /** One side is closed, and all that it had sent is delivered. */
  closed(): void {
    if (this.weather.kind !== "half-open") this.destroy();
    else this.isLost = true;
    if (this.client.destroyed && this.node.destroyed) this.gone();
  }

  private gone(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.toNode.stop();
    this.toClient.stop();
    this.tellGone();
  }
}

/** One direction: pieces arrive in their order, each behind its delay. */
class Lane {
  private readonly underWay: { dueAt: number; deliver: () => void }[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    to: Socket,
    private readonly link: Link,
  ) {
    from.on("data", (data: Buffer) => {
      for (let start = 0; start < data.length; start += Math.min(link.pieceBytes, data.length)) {
        const piece = data.subarray(start, Math.min(data.length, start + link.pieceBytes));
        this.later(() => {
          if (!to.destroyed && !to.write(piece)) from.pause();
        });
      }
    });
    to.on("drain", () => from.resume());
    from.on("end", () => {
      this.later(() => {
        if (!to.destroyed) to.end();
      });
    });
    from.on("close", () => {
      this.later(() => {
        link.closed();
      });
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.underWay.length = 0;
  }

  private later(deliver: () => void): void {
    const delayMs = this.link.delayMs();
    if (delayMs === undefined) return;
    if (delayMs === 0 && this.underWay.length === 0) {
      deliver();
      return;
    }
    const dueAt = Math.max(this.underWay.at(-1)?.dueAt ?? 0, performance.now() + delayMs);
    this.underWay.push({ dueAt, deliver });
    if (this.underWay.length === 1) this.arm(dueAt);
  }

  private arm(dueAt: number): void {
    this.timer = setTimeout(() => {
      this.underWay.shift()?.deliver();
      const [next] = this.underWay;
      if (next) this.arm(next.dueAt);
    }, dueAt - performance.now());
  }
}
