import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const PROGRAM = path.resolve(import.meta.dirname, "../../bin/fleetctl.js");

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A run that goes on. */
export interface Running {
  child: ChildProcess;
  /** What it said so far. */
  said: { stdout: string; stderr: string };
  ended: Promise<Outcome>;
}

/** The built program, as a user with a home of its own runs it. */
export class Fleetctl {
  readonly folder = mkdtempSync(path.join(tmpdir(), "fleetctl-"));
  private readonly children: ChildProcess[] = [];

  /** @param env what it finds beside an empty home */
  constructor(readonly env: Record<string, string> = {}) {}

  start(args: string[], { stdin, env = {} }: { stdin?: string; env?: Record<string, string> } = {}): Running {
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: this.folder, env: this.environment(env) });
    this.children.push(child);
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    child.stdin.on("error", () => undefined); // it may have ended before it read
    if (stdin !== undefined) child.stdin.end(stdin);
    const ended = new Promise<Outcome>((resolve) => child.once("close", (code) => resolve({ code, ...said })));
    return { child, said, ended };
  }

  run(args: string[], options: { stdin?: string; env?: Record<string, string> } = {}): Promise<Outcome> {
    return this.start(args, { stdin: "", ...options }).ended;
  }

  /** What a run that must succeed prints with `--json`. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, "--json"]);
    if (code !== 0) throw new Error(`fleetctl ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  environment(changes: Record<string, string> = {}): Record<string, string> {
    const { PATH = "" } = process.env;
    return {
      PATH,
      HOME: this.folder,
      XDG_CONFIG_HOME: path.join(this.folder, "config"),
      TZ: "UTC",
      ...this.env,
      ...changes,
    };
  }

  remove(): void {
    for (const child of this.children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
