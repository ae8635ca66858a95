import type { Clock } from "@mn316-fleet/at";
import type { Mn316 } from "@mn316-fleet/mn316";
import type { DeviceConfig, ExecuteFrame, ExecutionReport } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import type { LineLock } from "../module/line-lock";
import { clip, type Recorder } from "../outbox/recorder";
import { DeadlineError, pause, within } from "../time";
import { Journal } from "./journal";
import type { AgentStore } from "../store/agent-store";
import { KINDS, type Workbench } from "./kinds";
import { refusal } from "./refusal";
import { StepError, type StepReport } from "./step-runner";

export interface ExecutorOptions {
  store: AgentStore;
  driver: () => Mn316 | undefined;
  policy: () => DeviceConfig | undefined;
  applyAgain: () => Promise<void>;
  /** The server's time, ms since 1970. */
  serverNow: () => number;
  onOperatorCommand: (command: string) => void;
  /** After an execution of a kind that may have left the module otherwise than it should be. */
  onDone: (frame: ExecuteFrame) => void;
  lock: LineLock;
  recorder: Recorder;
  clock: Clock;
  log: Logger;
}

type Result = Pick<ExecutionReport, "status" | "error"> & Partial<StepReport>;

const MAX_ERROR = 4_096;
const MODULE_POLL_MS = 250;

/**
 * Runs what the server asks for, one execution at a time, each (execution, attempt) at most once: it is in the journal
 * before its first AT command, and a repeat is answered from there.
 */
export class Executor {
  private readonly journal: Journal;
  private readonly stopping = new AbortController();
  /** Taken and not yet ended. */
  private readonly underWay = new Set<string>();
  private tail: Promise<void> = Promise.resolve();

  constructor(private readonly options: ExecutorOptions) {
    this.journal = new Journal(options.store);
  }

  /** Reports what an earlier run of the agent began and did not end: nobody knows how far it came, so it never runs again. */
  async start(): Promise<void> {
    const { clock, recorder } = this.options;
    for (const entry of await this.journal.clean(clock.now())) {
      const { execution, attempt } = entry;
      const final: ExecutionReport = { execution, attempt, status: "FAILED", error: "interrupted" };
      await recorder.record({ kind: "execution", ...final });
      await this.journal.write({ ...entry, final });
    }
  }

  /** Ends the running execution where it stands. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error("interrupted"));
    await this.tail;
  }

  /** Takes an execution; it runs when those before it have ended. */
  take(frame: ExecuteFrame): void {
    const key = `${frame.execution}/${frame.attempt}`;
    if (this.underWay.has(key)) return;
    this.underWay.add(key);
    this.tail = this.tail
      .then(() => this.runOnce(frame))
      .catch((error: unknown) => {
        this.options.log.error({ execution: frame.execution, err: error }, "execution not run");
      })
      .finally(() => this.underWay.delete(key));
  }

  private async runOnce(frame: ExecuteFrame): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { execution, attempt } = frame;
    const { recorder, clock, policy, serverNow, log } = this.options;
    const known = await this.journal.find(execution, attempt);
    if (known) {
      if (known.final) await recorder.record({ kind: "execution", ...known.final });
      return;
    }
    const entry = { execution, attempt, begunAt: clock.now() };
    const refused = refusal(frame, policy()?.at, serverNow());
    await this.journal.write(entry);
    log.info({ execution, attempt, kind: frame.job.kind, refused }, "execution begins");
    const result: Result = refused === undefined ? await this.run(frame) : { status: "REJECTED", error: refused };
    const final: ExecutionReport = { execution, attempt, ...result };
    if (final.error !== undefined) final.error = clip(final.error, MAX_ERROR);
    // The report first: an agent that dies between the two reports `interrupted` behind it, and the first word stands.
    await recorder.record({ kind: "execution", ...final });
    await this.journal.write({ ...entry, final });
    log.info({ execution, attempt, status: final.status, error: final.error }, "execution ended");
    this.options.onDone(frame);
  }

  private async run(frame: ExecuteFrame): Promise<Result> {
    const { clock, lock, recorder } = this.options;
    const { execution, attempt } = frame;
    const limitMs = frame.timeoutS * 1_000;
    const deadline = clock.now() + limitMs;
    const begin = () => recorder.record({ kind: "execution", execution, attempt, status: "RUNNING" });
    const timeUp = new AbortController();
    try {
      if (frame.job.kind === "configure") {
        await begin();
        await within(clock, limitMs, this.options.applyAgain());
        return { status: "SUCCEEDED", step: 0, command: "configure", result: "OK", output: [] };
      }
      const { kind } = frame.job;
      const onLine = lock.run(async (): Promise<Result> => {
        timeUp.signal.throwIfAborted();
        const driver = await this.driverBefore(deadline);
        await begin();
        return this.onLine(KINDS[kind], frame, driver, deadline, timeUp.signal);
      });
      return await within(clock, limitMs, onLine);
    } catch (error) {
      timeUp.abort(error);
      if (error instanceof StepError) return { status: error.status, error: error.message, ...error.report };
      const { message } = error as Error;
      return error instanceof DeadlineError
        ? { status: "TIMED_OUT", error: message }
        : { status: "FAILED", error: message };
    }
  }

  private async onLine(
    runKind: (bench: Workbench) => Promise<void>,
    frame: ExecuteFrame,
    driver: Mn316,
    deadline: number,
    timeUp: AbortSignal,
  ): Promise<Result> {
    const { clock, recorder, policy, onOperatorCommand } = this.options;
    const { execution, attempt } = frame;
    let last: StepReport | undefined;
    const tell = (report: StepReport) => {
      // A step is told when the next one is done: the last travels with the final report.
      if (last) void recorder.record({ kind: "execution", execution, attempt, status: "RUNNING", ...last });
      last = report;
    };
    const flush = () => {
      if (last) void recorder.record({ kind: "execution", execution, attempt, status: "RUNNING", ...last });
    };
    try {
      await runKind({
        driver,
        frame,
        config: policy(),
        signal: AbortSignal.any([timeUp, this.stopping.signal]),
        leftMs: () => Math.max(1, deadline - clock.now()),
        now: () => clock.now(),
        tell,
        onOperatorCommand,
      });
    } catch (error) {
      flush(); // the one that failed travels with the final report
      throw error;
    }
    return { status: "SUCCEEDED", ...last };
  }

  /** The driver, once the module answers. */
  private async driverBefore(deadline: number): Promise<Mn316> {
    const { clock, driver } = this.options;
    for (;;) {
      const current = driver();
      if (current) return current;
      if (clock.now() >= deadline || this.stopping.signal.aborted)
        throw new Error("the module does not answer on the serial line");
      await pause(clock, MODULE_POLL_MS, this.stopping.signal);
    }
  }
}
