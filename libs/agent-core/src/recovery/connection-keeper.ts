import type { Clock } from "@mn316-fleet/at";
import type { Mn316 } from "@mn316-fleet/mn316";
import type { DeviceConfig } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import { differences, holdConfig, isBusy, subscribeMissing, subscriptionDrift, takeDown } from "../module/bring-up";
import type { LineLock } from "../module/line-lock";
import { clip, type Recorder } from "../outbox/recorder";
import { pause } from "../time";
import { recoveryStep, type RecoveryStep } from "./ladder";

export interface ConnectionKeeperOptions {
  driver: () => Mn316 | undefined;
  /** Closes the serial line and opens it anew. */
  reopenPort: () => void;
  /** What the module should hold; undefined while nothing should be done. */
  wanted: () => DeviceConfig | undefined;
  /** The module is connected with what was wanted. */
  onConnected: (driver: Mn316) => Promise<void>;
  lock: LineLock;
  recorder: Recorder;
  /** For durations. */
  clock: Clock;
  random: () => number;
  log: Logger;
}

/** A module that works on its connection by itself gets so long before the agent steps in. */
const BUSY_PATIENCE_MS = 300_000;
const BUSY_POLL_MS = 5_000;
/** A module that has just restarted needs a moment. */
const SETTLE_MS = 500;
/** How often a connected module is asked what it holds: another master of the line, or a lost URC, may have changed it. */
const DRIFT_CHECK_MS = 600_000;
const JITTER = 0.2;

/**
 * Keeps the module connected with the configuration in force. What the module holds already is not disturbed; after it
 * gave up, or failed to connect, the steps of the recovery policy follow, each told with its reason.
 *
 * A connection that an operator's own command ended stays ended (`hold`), until a reconnect, restart or configure, a new
 * configuration, or a restart of module or agent: two masters on one line would fight.
 */
export class ConnectionKeeper {
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private running: Promise<void> | undefined;
  private heldBy: string | undefined;
  /** Look at the module at once instead of waiting as the policy says. */
  private isFresh = false;
  private isDue = false;
  /** Steps taken since the module was last connected; a port that was opened anew does not begin the ladder anew. */
  private taken = 0;

  constructor(private readonly options: ConnectionKeeperOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await this.running;
  }

  /** The module is new, restarted, or should hold something else: look at once. */
  lookAtOnce(): void {
    this.heldBy = undefined;
    this.isFresh = true;
    this.notice();
  }

  /** Something may be wrong: recover as the policy says. */
  notice(): void {
    this.isDue = true;
    this.wake.abort();
  }

  /** Leaves the connection as the operator makes it. */
  hold(reason: string): void {
    if (this.heldBy === undefined) void this.tell("held", reason);
    this.heldBy = reason;
  }

  /** The operator opened it again. */
  release(): void {
    this.heldBy = undefined;
  }

  private async run(): Promise<void> {
    while (!this.isStopping()) {
      if (!this.isDue && (await this.untilWoken(this.checkMs()))) await this.checkDrift();
      this.isDue = false;
      await this.recover();
    }
  }

  /** The driver and the configuration, while there is something to do. */
  private task(): { driver: Mn316; config: DeviceConfig } | undefined {
    const driver = this.options.driver();
    const config = this.options.wanted();
    if (!driver || !config || this.heldBy !== undefined || this.isStopping()) return undefined;
    return driver.state === "connected" && !this.isFresh ? undefined : { driver, config };
  }

  private async recover(): Promise<void> {
    const { random, lock, clock } = this.options;
    let busySince: number | undefined;
    for (let task = this.task(); task; task = this.task()) {
      if (!this.isFresh && isBusy(task.driver)) {
        busySince ??= clock.now();
        if (clock.now() - busySince < BUSY_PATIENCE_MS) {
          await this.untilWoken(BUSY_POLL_MS);
          continue;
        }
      }
      busySince = undefined;
      if (this.isFresh) {
        this.isFresh = false;
        await pause(clock, SETTLE_MS, this.stopping.signal);
        await lock.run(() => this.takeStep(undefined));
        continue;
      }
      const { action, waitMs } = recoveryStep(task.config.recovery, this.taken, random());
      if (!(await this.wait(waitMs)) || !this.task()) continue;
      const number = ++this.taken;
      await lock.run(() => this.takeStep({ action, number }));
    }
  }

  private async takeStep(step: { action: RecoveryStep["action"]; number: number } | undefined): Promise<void> {
    const driver = this.options.driver();
    const config = this.options.wanted();
    if (!driver || !config || this.heldBy !== undefined || this.isStopping()) return;
    if (step && driver.state === "connected") return;
    if (step) void this.tell(step.action, `step ${step.number}: the module is ${driver.state}`);
    if (step?.action === "reopen-port") {
      this.options.reopenPort(); // what comes back is looked at afresh
      return;
    }
    try {
      if (step?.action === "restart") await driver.restart();
      if (step?.action === "configure") await takeDown(driver);
      const drift = await holdConfig(driver, config);
      if (drift.length > 0) void this.tell("repair", `the module held another ${drift.join(", ")}`);
      if (driver.state === "connected") await this.repairSubscriptions(driver, config);
      else {
        await driver.connect();
        await subscribeMissing(driver, config.subscriptions);
      }
      if (step ?? this.taken > 0) void this.tell("recovered", `connected after step ${this.taken}`);
      this.taken = 0;
      await this.options.onConnected(driver);
    } catch (error) {
      void this.tell("failed", `${step?.action ?? "first look"}: ${(error as Error).message}`);
    }
  }

  private checkMs(): number {
    return DRIFT_CHECK_MS * (1 + JITTER * (this.options.random() * 2 - 1));
  }

  /** Asks a connected module what it holds; what differs from the configuration in force is repaired and told. */
  async checkDrift(): Promise<void> {
    const { lock, log } = this.options;
    await lock
      .run(async () => {
        const driver = this.options.driver();
        const config = this.options.wanted();
        if (!driver || !config || this.heldBy !== undefined || driver.state !== "connected") return;
        const held = await driver.readConfig();
        if (held && differences(held, config.mqtt).length > 0) {
          this.lookAtOnce(); // which tells in what it differs
          return;
        }
        await this.repairSubscriptions(driver, config);
        await this.options.onConnected(driver);
      })
      .catch((error: unknown) => {
        log.debug({ err: error }, "not asked what the module holds");
      });
  }

  private async repairSubscriptions(driver: Mn316, { mqtt, subscriptions }: DeviceConfig): Promise<void> {
    const { missing, surplus } = await subscriptionDrift(driver, subscriptions);
    if (missing.length > 0) {
      const topics = missing.map(({ topic }) => topic).join(", ");
      void this.tell("repair", `the module did not hold the subscription to ${topics}`);
      driver.assume(mqtt, subscriptions); // which forgets that they were granted
      for (const { topic, qos } of missing) await driver.subscribe(topic, qos);
    }
    if (surplus.length > 0) await this.endSubscriptions(driver, surplus);
  }

  /** What is configured is the truth, whoever subscribed. One that does not end is no reason to call the rest broken. */
  private async endSubscriptions(driver: Mn316, topics: readonly string[]): Promise<void> {
    void this.tell("repair", `the module held a subscription that is not configured, to ${topics.join(", ")}`);
    for (const topic of topics) {
      await driver.unsubscribe(topic).catch((error: unknown) => {
        if (driver.state !== "connected") throw error;
        void this.tell("failed", `ending the subscription to ${topic}: ${(error as Error).message}`);
      });
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /**
   * Further trouble on the way does not shorten the wait; a fresh look, or a module that came back by itself, does.
   * @returns whether the whole time passed
   */
  private async wait(ms: number): Promise<boolean> {
    const until = this.options.clock.now() + ms;
    while (this.task() && !this.isFresh) {
      const leftMs = until - this.options.clock.now();
      if (leftMs <= 0 || (await this.untilWoken(leftMs))) return true;
    }
    return false;
  }

  /** @returns whether the whole time passed */
  private untilWoken(ms: number): Promise<boolean> {
    if (this.wake.signal.aborted) this.wake = new AbortController();
    return pause(this.options.clock, ms, AbortSignal.any([this.wake.signal, this.stopping.signal]));
  }

  private tell(step: string, reason: string): Promise<void> {
    this.options.log.info({ step, reason }, "recovery");
    return this.options.recorder.record({ kind: "recovery", step, reason: clip(reason) });
  }
}
