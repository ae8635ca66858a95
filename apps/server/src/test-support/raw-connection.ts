import { eventually } from "@mn316-fleet/testkit";
import { connect, type Socket } from "node:net";

/** A bare TCP connection to a server, on which a test may write what no library would. */
export class RawConnection {
  readonly socket: Socket;
  /** All that came back. */
  received = Buffer.alloc(0);
  /** Whether the other side has ended or cut it. */
  isEnded = false;

  private constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), "127.0.0.1");
    this.socket.on("data", (bytes: Buffer) => (this.received = Buffer.concat([this.received, bytes])));
    this.socket.on("error", () => undefined); // told by close
    this.socket.on("end", () => (this.isEnded = true)).on("close", () => (this.isEnded = true));
  }

  /** @param url the server's, `http://…` */
  static async open(url: string): Promise<RawConnection> {
    const connection = new RawConnection(url);
    await new Promise((resolve, reject) => connection.socket.once("connect", resolve).once("error", reject));
    return connection;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** As text, one character a byte. */
  get text(): string {
    return this.received.toString("latin1");
  }

  /** Resolves when the other side has ended it. @returns ms from now */
  async ended(timeoutMs = 10_000): Promise<number> {
    const began = performance.now();
    await eventually(
      () => {
        if (!this.isEnded) throw new Error(`still open, after ${this.text.slice(0, 500)}`);
      },
      { timeoutMs, everyMs: 10 },
    );
    return performance.now() - began;
  }

  /** Resolves with the headers of an answer, once they are there. */
  async head(timeoutMs = 10_000): Promise<string> {
    await eventually(
      () => {
        if (!this.text.includes("\r\n\r\n")) throw new Error(`no whole answer: ${this.text}`);
      },
      { timeoutMs, everyMs: 10 },
    );
    return this.text.slice(0, this.text.indexOf("\r\n\r\n"));
  }

  cut(): void {
    this.socket.destroy();
  }
}
