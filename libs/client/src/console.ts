import { CONSOLE_PATH, type ConsoleReply, consoleReplySchema, type ConsoleRequest } from "@mn316-fleet/contracts";
import { ConsoleError, UnreachableError } from "./errors";
import type { Transport } from "./transport/transport";

/** How long the server has to say its last word after `close`, in ms. */
const FAREWELL_MS = 5_000;

export type ConsoleOutput = Omit<Extract<ConsoleReply, { type: "output" }>, "type">;

export interface ConsoleOptions {
  /** It ends by itself when nothing is said for so long, in s: 10 to 300, 300 unless given. */
  idleS?: number;
  /** Hears what was sent, what the module said, and notes of the server. */
  onOutput: (output: ConsoleOutput) => void;
  /** Another WebSocket; the platform's own unless given (Node has one from version 22 on). */
  WebSocket?: new (url: string) => WebSocket;
}

/** A live AT line to one module, for one operator at a time. */
export class DeviceConsole {
  /** Resolves with the reason when it has ended, whoever ended it. */
  readonly closed: Promise<string>;

  private constructor(
    private readonly socket: WebSocket,
    closed: Promise<string>,
  ) {
    this.closed = closed;
  }

  /**
   * Opens the console of a device.
   * @throws ConsoleError where it is refused (the key, a device that is away, another operator), UnreachableError
   */
  static async open(transport: Transport, deviceId: string, options: ConsoleOptions): Promise<DeviceConsole> {
    const { WebSocket: Socket = WebSocket, onOutput, idleS } = options;
    const socket = new Socket(transport.socketUrl(CONSOLE_PATH));
    let reason: string | undefined;
    let isConnected = false;
    const closed = new Promise<string>((resolve) => {
      socket.addEventListener("close", (event) => {
        resolve(reason ?? (event.reason || "the connection broke"));
      });
    });
    socket.addEventListener("error", () => undefined); // `close` follows
    socket.addEventListener("open", () => {
      isConnected = true;
      // A browser cannot send the key as a header.
      const open = { type: "open", deviceId, key: transport.key, ...(idleS !== undefined && { idleS }) };
      socket.send(JSON.stringify(open));
    });
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        const reply = consoleReplySchema.safeParse(JSON.parse(String(data)));
        if (!reply.success) return; // newer than this client
        if (reply.data.type === "opened") resolve();
        else if (reply.data.type === "output") onOutput({ from: reply.data.from, text: reply.data.text });
        else ({ reason } = reply.data);
      });
      void closed.then((why) => {
        reject(isConnected ? new ConsoleError(why) : new UnreachableError(new Error(why)));
      });
    });
    return new DeviceConsole(socket, closed);
  }

  /** Sends one AT command; what comes of it is heard by `onOutput`. */
  send(command: string): void {
    say(this.socket, { type: "input", command });
  }

  /** Ends the console. @returns the reason that the server gave */
  async close(): Promise<string> {
    say(this.socket, { type: "close" });
    const timer = setTimeout(() => {
      this.socket.close();
    }, FAREWELL_MS);
    const reason = await this.closed;
    clearTimeout(timer);
    return reason;
  }
}

function say(socket: WebSocket, request: ConsoleRequest): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(request));
}
