import type { Clock } from "@mn316-fleet/at";
import type { Mn316 } from "@mn316-fleet/mn316";
import type { Logger } from "pino";
import type { Recorder } from "../outbox/recorder";
import type { LineLock } from "./line-lock";
import { pause } from "../time";

export interface TelemetryOptions {
  driver: () => Mn316 | undefined;
  /** Seconds between two samples; undefined while there is no configuration. */
  everyS: () => number | undefined;
  lock: LineLock;
  recorder: Recorder;
  clock: Clock;
  random: () => number;
  log: Logger;
}

const UNCONFIGURED_EVERY_S = 60;

/** Samples the signal, and asks a module that counts as connected whether it still is: a lost URC must not hide an outage. */
export class Telemetry {
  private readonly stopping = new AbortController();
  private waiting = new AbortController();

  constructor(private readonly options: TelemetryOptions) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopping.abort();
    this.waiting.abort();
  }

  /** Samples now, for a module that has just come or another interval. */
  refresh(): void {
    this.waiting.abort();
  }

  private async run(): Promise<void> {
    const { clock, random, everyS, log, lock } = this.options;
    while (!this.isStopping()) {
      await lock
        .run(() => this.sample())
        .catch((error: unknown) => {
          log.debug({ err: error }, "no sample of the signal");
        });
      if (this.isStopping()) return;
      this.waiting = new AbortController();
      const spread = 0.9 + random() * 0.2; // a fleet that starts together shall not sample together for ever
      await pause(clock, (everyS() ?? UNCONFIGURED_EVERY_S) * 1_000 * spread, this.waiting.signal);
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async sample(): Promise<void> {
    const driver = this.options.driver();
    if (!driver) return;
    const signal = await driver.signal();
    const cell = await driver.cell();
    if (signal) void this.options.recorder.record({ kind: "signal", ...signal, ...(cell !== undefined && { cell }) });
    if (driver.state === "connected") await driver.queryState();
  }
}
