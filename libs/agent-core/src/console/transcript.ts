import type { Clock } from "@mn316-fleet/at";
import type { TraceEntry } from "@mn316-fleet/mn316";
import { MAX_CONSOLE_TEXT } from "@mn316-fleet/protocol";

/** Bytes come one by one at 9600 baud; what comes within this time is told together. */
const GATHER_MS = 50;

/** Gathers what the module says into pieces that are worth a frame and an event. */
export class Transcript {
  private text = "";
  private cancelFlush: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (text: string) => void,
  ) {}

  received({ text, hex }: TraceEntry): void {
    this.text += text ?? Buffer.from(hex ?? "", "hex").toString("latin1");
    while (this.text.length >= MAX_CONSOLE_TEXT) {
      this.tell(this.text.slice(0, MAX_CONSOLE_TEXT));
      this.text = this.text.slice(MAX_CONSOLE_TEXT);
    }
    this.cancelFlush ??= this.clock.after(GATHER_MS, () => {
      this.flush();
    });
  }

  /** Tells what is gathered, for something else is to be told behind it. */
  flush(): void {
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    const { text } = this;
    this.text = "";
    if (text !== "") this.tell(text);
  }
}
