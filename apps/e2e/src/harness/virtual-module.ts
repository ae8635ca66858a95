import readline from "node:readline";
import type { Program } from "../../../../tools/lib/processes.mjs";

/** A virtual module in a process of its own, steered over its standard input. */
export class VirtualModule {
  private readonly waiting: ((line: string) => void)[] = [];

  constructor(
    private readonly program: Program,
    /** The serial port to open: a pseudo-terminal's path. */
    readonly port: string,
  ) {
    if (program.child.stdout)
      readline.createInterface({ input: program.child.stdout }).on("line", (line) => {
        if (line.startsWith("[")) this.waiting.shift()?.(line);
      });
  }

  /** Switches a fault of the virtual module on or off, for example `network-silent`. */
  fault(name: string, on: boolean): void {
    this.program.child.stdin?.write(`fault ${name} ${on ? "on" : "off"}\n`);
  }

  /** Takes the module away with its port, as when its plug is pulled. */
  async unplug(): Promise<void> {
    await this.program.stop();
  }

  /** The AT commands that have reached the module so far. */
  commands(): Promise<string[]> {
    return new Promise((resolve) => {
      this.waiting.push((line) => {
        resolve(JSON.parse(line) as string[]);
      });
      this.program.child.stdin?.write("commands\n");
    });
  }
}
