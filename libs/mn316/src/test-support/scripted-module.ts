import { memoryPair } from "@mn316-fleet/at";
import type { Duplex } from "node:stream";

type Reply = string | (() => string);

/** The module's end of the line as a script: fixed answers to commands, URCs said by hand. */
export class ScriptedModule {
  /** What to open on the host's side. */
  readonly stream: Duplex;
  readonly commands: string[] = [];
  private readonly line: Duplex;
  private readonly replies: [pattern: RegExp, reply: Reply][] = [];
  private readonly waiting: (() => void)[] = [];
  private input = "";

  constructor() {
    [this.stream, this.line] = memoryPair();
    this.line.on("data", (chunk: Buffer) => {
      this.hear(chunk.toString("latin1"));
    });
    this.line.on("error", () => undefined);
    for (const [pattern, reply] of DEFAULTS) this.on(pattern, reply);
  }

  /** Answers every command that matches; the latest rule wins. An empty reply is silence. */
  on(pattern: RegExp, reply: Reply): this {
    this.replies.unshift([pattern, reply]);
    return this;
  }

  /** Says lines by itself. */
  say(...lines: string[]): void {
    this.write(lines.map((line) => `\r\n${line}\r\n`).join(""));
  }

  write(bytes: string | Uint8Array): void {
    this.line.write(bytes);
  }

  end(): void {
    this.line.destroy();
  }

  /** Waits until a command that matches was heard. */
  async hears(pattern: RegExp): Promise<void> {
    while (!this.commands.some((command) => pattern.test(command)))
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private hear(text: string): void {
    this.input += text;
    for (let end = this.input.indexOf("\r"); end >= 0; end = this.input.indexOf("\r")) {
      const command = this.input.slice(0, end);
      this.input = this.input.slice(end + 1);
      this.commands.push(command);
      for (const resolve of this.waiting.splice(0)) resolve();
      const reply = this.replies.find(([pattern]) => pattern.test(command))?.[1] ?? "\r\nERROR\r\n";
      this.write(typeof reply === "string" ? reply : reply());
    }
  }
}

const OK = "\r\nOK\r\n";
const DEFAULTS: [RegExp, Reply][] = [
  [/^AT$|^ATE0$|^AT\+CMEE=1$/, OK],
  [/^AT\+MQTT(CFG|TO|PING|PUB|UNSUB)=/, OK],
  [/^AT\+MQTTDEL$|^AT\+CFUN=1,1$/, OK],
  [/^AT\+MQTTDISC$/, `${OK}\r\n+MQTTDISC:OK\r\n`],
  [/^AT\+MQTTOPEN=/, `${OK}\r\n+MQTTOPEN:OK\r\n`],
  [/^AT\+MQTTSTAT\?$/, `\r\n+MQTTSTAT:1\r\n${OK}`],
];
