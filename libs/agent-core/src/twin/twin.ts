import type { Clock } from "@mn316-fleet/at";
import { type Mn316, ParameterError } from "@mn316-fleet/mn316";
import type { DesiredFrame, DeviceConfig, FrameOf, HelloFrame, ReportStatus, UpFrame } from "@mn316-fleet/protocol";
import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { LineLock } from "../module/line-lock";
import { clip, type Recorder } from "../outbox/recorder";
import type { AgentStore } from "../store/agent-store";
import { applyConfig, check, isSameOnModule } from "./apply";
import { readBack } from "./read-back";
import { type Outcome, type Pending, TWIN_KEY, type TwinState } from "./twin-state";

export interface TwinOptions {
  store: AgentStore;
  driver: () => Mn316 | undefined;
  lock: LineLock;
  recorder: Recorder;
  /** Tells the server at once; what must not be lost goes through the recorder too. */
  report: (frame: FrameOf<UpFrame, "reported">) => void;
  clock: Clock;
  random: () => number;
  log: Logger;
}

const MAX_ATTEMPTS = 3;
const MAX_REASON = 4_096;
const ROLL_BACK_CONNECT_MS = 60_000;

/**
 * The device's side of its configuration. A version is applied as one transaction: what is good now stays written down until
 * the new one is confirmed by a connected module, and comes back if it is not.
 * Emits `changed` when another configuration is in force or should be tried.
 */
export class Twin extends EventEmitter<{ changed: [] }> {
  private applying: Promise<void> | undefined;
  private isStopped = false;

  private constructor(
    private readonly options: TwinOptions,
    private state: TwinState,
  ) {
    super();
  }

  static async open(options: TwinOptions): Promise<Twin> {
    return new Twin(options, (await options.store.read<TwinState>(TWIN_KEY)) ?? {});
  }

  /** What the module should hold now; undefined before the first configuration and while one is being applied. */
  get inForce(): DeviceConfig | undefined {
    const { pending, lastGood } = this.state;
    if (pending) return pending.isKept ? pending.config : undefined;
    return lastGood?.config;
  }

  /** The rules that hold for jobs and telemetry: those of the newest configuration that was not refused. */
  get policy(): DeviceConfig | undefined {
    return this.state.pending?.config ?? this.state.lastGood?.config;
  }

  /** How far the agent is with its configuration. */
  get status(): { version: number; status?: string; reason?: string } {
    const { pending, outcome, lastGood } = this.state;
    if (pending) return { version: pending.version, status: "applying" };
    return outcome ?? { version: lastGood?.version ?? 0 };
  }

  /** What the link says at hello. */
  get hello(): HelloFrame["reported"] {
    return { version: this.state.lastGood?.version ?? 0, config: this.state.reported ?? null };
  }

  /**
   * Takes a desired configuration. A version that was decided before is not applied twice, only reported again.
   * @param isCurrent it came with the welcome, so it is what the server wants now even if the version is lower
   */
  async take({ version, config, confirmWithinS }: Omit<DesiredFrame, "type">, isCurrent: boolean): Promise<void> {
    const { outcome, pending, desired } = this.state;
    if (!isCurrent && desired && version < desired.version) return;
    if (pending?.version === version) return;
    if (outcome?.version === version) {
      this.tell(version, outcome.status, outcome.reason);
      return;
    }
    this.state.desired = { version, config, confirmWithinS };
    await this.begin();
  }

  /**
   * Applies the newest desired configuration once more, whatever became of it before.
   * @throws Error when there is none, or when it could not be applied
   */
  async applyAgain(): Promise<void> {
    const { desired, pending } = this.state;
    if (!desired) throw new Error("no configuration was received yet");
    if (pending?.version !== desired.version || pending.isKept) await this.begin(true);
    await this.resume();
    const { outcome } = this.state;
    if (outcome?.version !== desired.version) throw new Error("not confirmed: the module is not connected");
    if (outcome.status !== "applied") throw new Error(`${outcome.status}: ${outcome.reason ?? ""}`);
  }

  /** Goes on with what is pending, if the module answers; also after a restart of the agent in the middle of it. */
  async resume(): Promise<void> {
    while (this.applying) await this.applying;
    const { pending } = this.state;
    if (!pending || pending.isKept || !this.options.driver()) return;
    this.applying = this.options.lock.run(() => this.applyPending()).finally(() => (this.applying = undefined));
    await this.applying;
    if (this.state.pending !== pending) await this.resume(); // a newer one came meanwhile
  }

  /** The module is connected with the configuration in force: a version that was only kept is now good. */
  async confirm(driver: Mn316): Promise<void> {
    const { pending } = this.state;
    if (pending?.isKept) await this.decide(driver, pending, { version: pending.version, status: "applied" });
  }

  /** Reads what the module holds and tells the server. */
  async reportHeld(driver: Mn316): Promise<void> {
    const { outcome } = this.state;
    this.state.reported = await readBack(driver, this.inForce);
    await this.save();
    if (outcome) this.tell(outcome.version, outcome.status, outcome.reason);
  }

  /** What is being applied stays pending: it is begun again at the next start. */
  stop(): void {
    this.isStopped = true;
  }

  private async begin(isForced = false): Promise<void> {
    const { desired } = this.state;
    if (!desired) return;
    try {
      check(desired.config);
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      this.state.outcome = { version: desired.version, status: "rejected", reason: error.message };
      await this.save();
      this.record(desired.version, "rejected", error.message);
      return;
    }
    this.state.pending = { ...desired, attempts: 0, ...(isForced && { isForced }) };
    await this.save();
    this.record(desired.version, "applying");
    this.emit("changed");
  }

  private async applyPending(): Promise<void> {
    const { pending, lastGood } = this.state;
    const driver = this.options.driver();
    if (!pending || !driver) return;
    const { version, config, confirmWithinS } = pending;
    const isUntouched = pending.attempts === 0 && !pending.isForced && driver.state === "connected";
    if (lastGood && isUntouched && isSameOnModule(config, lastGood.config)) {
      await this.decide(driver, pending, { version, status: "applied" }); // only rules of the agent changed
      return;
    }
    pending.attempts++;
    await this.save();
    if (pending.attempts > MAX_ATTEMPTS) {
      await this.rollBack(driver, pending, "the agent was interrupted each time it was applied");
      return;
    }
    this.options.log.info({ version, attempt: pending.attempts }, "applying configuration");
    try {
      await applyConfig(driver, config, confirmWithinS * 1_000, this.options);
      await this.decide(driver, pending, { version, status: "applied" });
    } catch (error) {
      const reason = (error as Error).message;
      // Without a line there is nothing to roll back on: it is begun again when the module is back.
      if (driver.state === "unknown" || this.isStopped)
        this.options.log.warn({ version, reason }, "applying was cut short");
      else await this.rollBack(driver, pending, reason);
    }
  }

  private async rollBack(driver: Mn316, pending: Pending, reason: string): Promise<void> {
    const { lastGood } = this.state;
    const { version } = pending;
    if (!lastGood) {
      const kept = `${reason}; kept and tried again, as there is no earlier configuration to return to`;
      pending.isKept = true;
      await this.save();
      this.record(version, "applying", kept);
      this.emit("changed");
      return;
    }
    this.options.log.warn({ version, reason, to: lastGood.version }, "rolling the configuration back");
    let note = `${reason}; returned to version ${lastGood.version}`;
    try {
      await applyConfig(driver, lastGood.config, ROLL_BACK_CONNECT_MS, this.options);
    } catch (error) {
      note += `, which is not connected yet either (${(error as Error).message})`;
    }
    await this.decide(driver, pending, { version, status: "rolled-back", reason: note });
  }

  private async decide(driver: Mn316, pending: Pending, outcome: Outcome): Promise<void> {
    const { version, config } = pending;
    // A newer version may have come meanwhile: it stays pending.
    if (this.state.pending === pending) delete this.state.pending;
    if (outcome.status === "applied") this.state.lastGood = { version, config };
    this.state.outcome = outcome;
    await this.save();
    const written = this.state.lastGood?.config;
    this.state.reported = await readBack(driver, written).catch(() => this.state.reported ?? {});
    await this.save();
    this.record(outcome.version, outcome.status, outcome.reason);
    this.emit("changed");
  }

  private save(): Promise<void> {
    return this.options.store.save(TWIN_KEY, this.state);
  }

  /** Tells now, and for certain. */
  private record(version: number, status: ReportStatus, reason?: string): void {
    this.options.log.info({ version, status, reason }, "configuration");
    void this.options.recorder.record({ kind: "config", version, status, ...(reason !== undefined && { reason }) });
    this.tell(version, status, reason);
  }

  private tell(version: number, status: ReportStatus, reason?: string): void {
    const config = this.state.reported ?? null;
    const why = reason !== undefined && { reason: clip(reason, MAX_REASON) };
    this.options.report({ type: "reported", version, status, config, ...why });
  }
}
