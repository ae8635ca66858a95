import type { Clock } from "@mn316-fleet/at";
import { type Identity, Mn316, type Mn316Events, type Mn316Options, type TraceEntry } from "@mn316-fleet/mn316";
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { backoffMs, pause } from "../time";
import type { Recorder } from "../outbox/recorder";
import type { StateHistory } from "./state-history";

export interface ModuleSupervisorOptions {
  openStream: () => Promise<Duplex>;
  driver?: Omit<Mn316Options, "clock"> | undefined;
  clock: Clock;
  random: () => number;
  log: Logger;
  recorder: Recorder;
  history: StateHistory;
}

type StateChange = Mn316Events["state"][0];

interface ModuleSupervisorEvents {
  /** The serial line is open and the module answers. */
  ready: [Mn316];
  state: [StateChange];
  "module-restart": [];
  /** What passed on the line, secrets masked. */
  line: [TraceEntry];
  lost: [];
}

const REOPEN_DELAY = { minMs: 1_000, maxMs: 30_000 };

/** Keeps a driver on the serial line: opens it, opens it again when it was lost, and records what the module says. */
export class ModuleSupervisor extends EventEmitter<ModuleSupervisorEvents> {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private current: Mn316 | undefined;
  private serial: "open" | "lost" | undefined;
  private known: Identity = {};

  constructor(private readonly options: ModuleSupervisorOptions) {
    super();
  }

  /** The driver, while the serial line is open and the module has answered. */
  get driver(): Mn316 | undefined {
    return this.current;
  }

  /** What the module said of itself when it last answered. */
  get identity(): Identity {
    return this.known;
  }

  /** Whether the serial line is open, whatever the module on it says. */
  get isOpen(): boolean {
    return this.serial === "open";
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Closes the line, to open it anew: a port may hang, or its device have been plugged in again. */
  reopen(): void {
    this.current?.close();
  }

  /** Leaves the module as it is and closes the line. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.current?.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, random, log } = this.options;
    for (let attempt = 0; !this.isStopping();) {
      try {
        const { driver, closed } = await this.open();
        attempt = 0;
        log.info({ module: this.known, state: driver.state }, "module answers");
        this.current = driver;
        this.emit("ready", driver);
        this.fail(await closed);
      } catch (error) {
        this.fail((error as Error).message);
      }
      this.current = undefined;
      if (this.isStopping()) return;
      this.emit("lost");
      const delayMs = Math.round(backoffMs(attempt++, REOPEN_DELAY, random));
      log.debug({ attempt, delayMs }, "opening the serial line again");
      await pause(clock, delayMs, this.stopping.signal);
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async open(): Promise<{ driver: Mn316; closed: Promise<string> }> {
    const { openStream, clock, recorder } = this.options;
    const stream = await openStream();
    const record = (entry: TraceEntry) => this.emit("line", entry);
    const driver = new Mn316(stream, { record, ...this.options.driver, clock });
    const closed = new Promise<string>((resolve) => {
      driver.once("closed", ({ reason }) => {
        resolve(reason);
      });
    });
    this.listen(driver);
    const abort = () => {
      driver.close();
    };
    this.stopping.signal.addEventListener("abort", abort, { once: true });
    try {
      await driver.start();
      this.known = await driver.identify();
    } catch (error) {
      driver.close();
      throw error;
    } finally {
      this.stopping.signal.removeEventListener("abort", abort);
    }
    if (this.serial !== "open") void recorder.record({ kind: "serial", state: "open" });
    this.serial = "open";
    return { driver, closed };
  }

  /** Told once, however often opening fails. */
  private fail(reason: string): void {
    if (this.serial === "lost" || this.isStopping()) return;
    this.serial = "lost";
    this.options.log.error(
      { reason },
      "serial line lost: check that the port exists, is free, and the module has power",
    );
    void this.options.recorder.record({ kind: "serial", state: "lost", reason });
  }

  private listen(driver: Mn316): void {
    const { recorder, history } = this.options;
    driver.on("state", (change) => {
      if (this.isStopping()) return;
      history.move(change.to, change.cause, change.at);
      this.emit("state", change);
    });
    driver.on("timeout", ({ type }) => void recorder.record({ kind: "timeout", type }));
    driver.on("reconnect", ({ attempt }) => void recorder.record({ kind: "reconnect", attempt }));
    driver.on("ping", () => void recorder.record({ kind: "ping" }));
    driver.on("suback", ({ topic, code }) => void recorder.record({ kind: "suback", topic, code }));
    driver.on("publish-ack", ({ packId, dup }) => void recorder.record({ kind: "publish-ack", packId, dup }));
    driver.on("urc", ({ line }) => void recorder.record({ kind: "urc", line }));
    driver.on("module-restart", ({ reason }) => {
      void recorder.record({ kind: "module-restart", reason });
      this.emit("module-restart");
    });
  }
}
