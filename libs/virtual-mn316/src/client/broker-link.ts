import { generate, type Packet, type Parser, parser } from "mqtt-packet";
import { connect, type Socket } from "node:net";
import type { BrokerAddress, Network } from "./network";

/** What a link tells the client that uses it. */
export interface LinkListener {
  connected(): void;
  packet(packet: Packet): void;
  /** The connection ended, or could not be made, without the client's doing. */
  closed(reason: string): void;
}

const PROTOCOL = { protocolVersion: 4 };
/** A peer that does not close its side in time is cut. */
const FAREWELL_MS = 1_000;

/** One TCP connection to a broker, in MQTT 3.1.1 packets, subject to the state of its network. */
export class BrokerLink {
  private socket: Socket | undefined;
  private listener: LinkListener | undefined;
  private readonly parser: Parser = parser(PROTOCOL);
  /** What happened, or was sent, while the network was silent, in order. */
  private held: (() => void)[] = [];
  /** What the client left for a silent network to do once it is back. */
  private farewell: (() => void) | undefined;

  constructor(
    private readonly address: BrokerAddress,
    private readonly network: Network,
    listener: LinkListener,
  ) {
    this.listener = listener;
    this.parser.on("packet", (packet) => this.listener?.packet(packet));
    this.parser.on("error", (error: Error) => {
      this.reset(error.message);
    });
    network.add(this);
    if (network.isDown) {
      setImmediate(() => {
        this.reset("ECONNREFUSED");
      });
    } else if (!network.isSilent) this.dial();
  }

  send(packet: Packet): void {
    if (packet.cmd === "connect" && this.network.refusal !== undefined) {
      const returnCode = this.network.refusal;
      setImmediate(() => this.listener?.packet({ cmd: "connack", returnCode, sessionPresent: false }));
      return;
    }
    const bytes = generate(packet, PROTOCOL);
    if (this.network.isSilent) this.held.push(() => this.socket?.write(bytes));
    else this.socket?.write(bytes);
  }

  /** Leaves the connection without a word, so that the broker publishes the will when it notices. */
  drop(): void {
    this.listener = undefined;
    if (this.network.isSilent) this.farewell = () => this.socket?.resetAndDestroy();
    else this.destroy();
  }

  /** Says DISCONNECT and closes. */
  finish(): void {
    this.send({ cmd: "disconnect" });
    this.listener = undefined;
    const close = () => {
      const { socket } = this;
      if (!socket) {
        this.network.remove(this);
        return;
      }
      socket.end();
      setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
    };
    if (this.network.isSilent) this.farewell = close;
    else close();
  }

  /** The network falls silent under the connection. */
  hush(): void {
    this.socket?.pause();
  }

  /** The network is back: what was held passes, in order. */
  resume(): void {
    if (!this.socket && !this.farewell) {
      this.dial();
      return;
    }
    const held = this.held;
    this.held = [];
    for (const pass of held) pass();
    if (this.farewell) {
      this.farewell();
      if (!this.socket) this.network.remove(this);
    } else this.socket?.resume();
  }

  /** The connection breaks under the client's hands. */
  reset(reason: string): void {
    const listener = this.listener;
    this.destroy();
    listener?.closed(reason);
  }

  destroy(): void {
    this.listener = undefined;
    this.network.remove(this);
    this.socket?.destroy();
  }

  private dial(): void {
    const { host, port } = this.network.resolve(this.address);
    const socket = connect({ host, port, noDelay: true });
    this.socket = socket;
    socket.on("connect", () => {
      this.pass(() => this.listener?.connected());
    });
    socket.on("data", (chunk) => {
      this.pass(() => this.listener && this.parser.parse(chunk));
    });
    let reason = "closed by the broker";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on("close", () => {
      this.pass(() => {
        this.reset(reason);
      });
    });
  }

  /** Lets an event through, or keeps it until the network is back. */
  private pass(event: () => void): void {
    if (this.network.isSilent && this.listener) this.held.push(event);
    else event();
  }
}
