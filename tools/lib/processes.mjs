/** Child processes that a launcher starts, watches and stops in order. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createServer } from "node:net";
import readline from "node:readline";

const STOP_PATIENCE_MS = 12_000;

/**
 * A program of this repository, running. It gets a process group of its own, so that Ctrl-C in the terminal reaches only
 * the launcher, and an IPC channel or a standard input by whose end it notices that the launcher is gone.
 */
export class Program {
  /**
   * @param {string} name what to call it in messages
   * @param {string[]} args the script and its arguments
   * @param {{ env?: Record<string, string | undefined>, ipc?: boolean }} [options]
   */
  constructor(name, args, { env = {}, ipc = false } = {}) {
    this.name = name;
    /** The last lines it printed, for the message when it fails. @type {string[]} */
    this.lastLines = [];
    this.stopping = false;
    this.child = spawn(process.execPath, args, {
      detached: true,
      stdio: ["pipe", "pipe", "pipe", ...(ipc ? [/** @type {const} */ ("ipc")] : [])],
      env: { ...process.env, ...env },
    });
    /** Resolves with the exit code, or the signal's name. @type {Promise<number | string>} */
    this.exited = new Promise((resolve) =>
      this.child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown")),
    );
    this.child.stdin?.on("error", () => undefined); // a program that died first: `exited` tells
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (!stream) continue;
      readline.createInterface({ input: stream }).on("line", (line) => {
        this.lastLines.push(line);
        if (this.lastLines.length > 20) this.lastLines.shift();
      });
    }
  }

  /**
   * Resolves with the first IPC message that `accept` takes; rejects if the program ends before.
   * @template T
   * @param {(message: any) => T | undefined} accept
   * @returns {Promise<T>}
   */
  message(accept) {
    return this.#untilExit((resolve) =>
      this.child.on("message", (message) => {
        const taken = accept(message);
        if (taken !== undefined) resolve(taken);
      }),
    );
  }

  /**
   * Resolves with the first line on standard output; rejects if the program ends before.
   * @returns {Promise<string>}
   */
  firstLine() {
    return this.#untilExit((resolve) => {
      if (this.child.stdout) readline.createInterface({ input: this.child.stdout }).once("line", resolve);
    });
  }

  /**
   * Also writes what it prints to a file, which begins anew.
   * @param {string} file
   */
  logTo(file) {
    const log = createWriteStream(file, { mode: 0o600 });
    const streams = [this.child.stdout, this.child.stderr];
    for (const stream of streams) stream?.pipe(log, { end: false });
    // A full disk must not hold up the program whose words are lost.
    log.on("error", () => streams.forEach((stream) => stream?.unpipe(log).resume()));
    void this.exited.then(() => log.end());
  }

  /** Asks it to end, and makes it end after 12 s. */
  async stop() {
    this.stopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    const force = setTimeout(() => this.child.kill("SIGKILL"), STOP_PATIENCE_MS);
    await this.exited;
    clearTimeout(force);
  }

  /**
   * @template T
   * @param {(resolve: (value: T) => void) => void} listen
   * @returns {Promise<T>}
   */
  #untilExit(listen) {
    return new Promise((resolve, reject) => {
      listen(resolve);
      void this.exited.then((code) =>
        reject(new Error(`${this.name} ended early (${code}):\n${this.lastLines.join("\n")}`)),
      );
    });
  }
}

/**
 * The wanted TCP port if it is free on this machine, else any free one.
 * @param {number} wanted 1…65535
 * @returns {Promise<number>}
 */
export async function freePort(wanted) {
  for (const port of [wanted, 0]) {
    const found = await new Promise((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(undefined));
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(address && typeof address === "object" ? address.port : undefined));
      });
    });
    if (found !== undefined) return found;
  }
  throw new Error("no free TCP port on 127.0.0.1");
}
