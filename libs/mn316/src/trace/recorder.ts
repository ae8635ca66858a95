import type { Clock } from "@mn316-fleet/at";
import { isUtf8 } from "node:buffer";
import { SecretMask } from "./secret-mask";
import type { TraceEntry } from "./trace";

/** Makes trace entries of what passes on a line, secrets masked. */
export class Recorder {
  private readonly mask = new SecretMask();

  constructor(
    private readonly write: (entry: TraceEntry) => void,
    private readonly clock: Clock,
  ) {}

  sent(command: string): void {
    this.tell("sent", Buffer.from(`${this.mask.command(command)}\r`, "latin1"));
  }

  received(chunk: Uint8Array): void {
    this.tell("received", this.mask.received(chunk));
  }

  end(): void {
    this.tell("received", this.mask.rest());
  }

  private tell(dir: TraceEntry["dir"], bytes: Buffer): void {
    if (bytes.length === 0) return;
    const content = isUtf8(bytes) ? { text: bytes.toString("utf8") } : { hex: bytes.toString("hex") };
    this.write({ at: this.clock.now(), dir, ...content });
  }
}
