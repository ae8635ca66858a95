import readline from "node:readline";
import { World } from "../harness/world";

const ERROR = 50;
/** More than this is no bounded memory any more; a server that was just started holds about 150 MiB. */
const MOST_MIB = 900;

/** A real server process that must survive whatever it is sent, with nothing in its log that is its own fault. */
export class FuzzServer {
  readonly world = new World();
  private readonly faults: string[] = [];

  static async start(env: Record<string, string> = {}): Promise<FuzzServer> {
    const server = new FuzzServer();
    await server.world.startServer({ LOG_LEVEL: "warn", ...env });
    const { stdout, stderr } = server.world.server.child;
    for (const stream of [stdout, stderr])
      if (stream)
        readline.createInterface({ input: stream }).on("line", (line) => {
          server.note(line);
        });
    return server;
  }

  get url(): string {
    return this.world.url;
  }

  /** @throws Error where the process died, or logged an error */
  requireSound(): void {
    const { exitCode, signalCode } = this.world.server.child;
    if (exitCode !== null || signalCode !== null) throw new Error(`the server died (${exitCode ?? signalCode})`);
    const fault = this.faults.shift();
    if (fault !== undefined) throw new Error(`the server logged an error: ${fault.slice(0, 4_000)}`);
  }

  /** @throws Error where the process holds more memory than a bounded one would */
  requireSmall(): void {
    const mib = this.world.residentMib();
    if (mib > MOST_MIB) throw new Error(`the server holds ${mib} MiB`);
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  private note(line: string): void {
    try {
      if ((JSON.parse(line) as { level: number }).level >= ERROR) this.faults.push(line);
    } catch {
      this.faults.push(line); // what is no line of the log comes from a crash
    }
  }
}
