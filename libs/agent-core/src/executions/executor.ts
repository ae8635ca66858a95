import type { Clock } from "@mn316-fleet/at";
import type { Mn316 } from "@mn316-fleet/mn316";
import type { AtPolicy, CancelFrame, DeviceConfig, ExecuteFrame, ExecutionReport } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import type { LineLock } from "../module/line-lock";
import { clip, type Recorder } from "../outbox/recorder";
import { DeadlineError, pause, within } from "../time";
import type { AgentStore } from "../store/agent-store";
import { CanceledError } from "./canceled.error";
import { Journal } from "./journal";
import { KINDS, type Workbench } from "./kinds";
import { refusal } from "./refusal";
import { StepError, type StepReport } from "./step-runner";
import { Work } from "./work";

export interface ExecutorOptions {
  store: AgentStore;
  driver: () => Mn316 | undefined;
  policy: () => DeviceConfig | undefined;
  /** What the agent's own settings allow and deny, whatever the configuration says. */
  ownPolicy: AtPolicy;
  /** Resolves when no console holds the line: what comes meanwhile has not begun, and no time runs against it. */
  lineFree: () => Promise<void>;
  applyAgain: () => Promise<void>;
  /** The server's time, ms since 1970. */
  serverNow: () => number;
  onOperatorCommand: (command: string) => void;
  /** After an execution of a kind that may have left the module otherwise than it should be. */
  onDone: (frame: ExecuteFrame) => void;
  lock: LineLock;
  recorder: Recorder;
  /** The wall clock, which the journal keeps. */
  clock: Clock;
  /** For deadlines. */
  steady: Clock;
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
  private readonly underWay = new Map<string, Work>();
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
    const key = keyOf(frame);
    if (this.underWay.has(key)) return;
    const work = new Work(frame.job.kind);
    this.underWay.set(key, work);
    this.tail = this.tail
      .then(() => this.options.lineFree())
      .then(() => this.runOnce(frame, work))
      .catch((error: unknown) => {
        this.options.log.error({ execution: frame.execution, err: error }, "execution not run");
      })
      .finally(() => this.underWay.delete(key));
  }

  /**
   * Ends an execution on request. One that has not begun never will; one under way ends behind the command that is on the
   * line, or, where it is not to be divided, runs to its own end, and that outcome stands.
   */
  async cancel(frame: CancelFrame): Promise<void> {
    const { execution, attempt } = frame;
    const { recorder, clock, log } = this.options;
    const work = this.underWay.get(keyOf(frame));
    log.info({ execution, attempt, isKnown: work !== undefined }, "execution to be canceled");
    if (work) {
      if (work.cancel()) return; // whoever runs it tells
      const error = "to be canceled: its command is on the line, and what comes of that stands";
      await recorder.record({ kind: "execution", execution, attempt, status: "RUNNING", error });
      return;
    }
    // Before the first await, so that an execution that comes right behind its own cancellation finds it.
    const placeholder = new Work(undefined);
    placeholder.cancel();
    this.underWay.set(keyOf(frame), placeholder);
    try {
      const known = await this.journal.find(execution, attempt);
      if (known && !known.final) return;
      const final = known?.final ?? { execution, attempt, status: "CANCELED" as const };
      await recorder.record({ kind: "execution", ...final });
      if (!known) await this.journal.write({ execution, attempt, begunAt: clock.now(), final });
    } finally {
      this.underWay.delete(keyOf(frame));
    }
  }

  private async runOnce(frame: ExecuteFrame, work: Work): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { execution, attempt } = frame;
    const { recorder, clock, log } = this.options;
    const entry = { execution, attempt, begunAt: clock.now() };
    const refused = this.refusalOf(frame);
    try {
      const known = await this.journal.find(execution, attempt);
      if (known) {
        if (known.final) await recorder.record({ kind: "execution", ...known.final });
        return;
      }
      await this.journal.write(entry);
    } catch (error) {
      // Should it have run before, its report stands before this one, and the first word is what counts.
      const reason = clip(`not run: the journal cannot be written (${(error as Error).message})`, MAX_ERROR);
      log.error({ execution, attempt, reason }, "execution refused");
      await recorder.record({ kind: "execution", execution, attempt, status: "FAILED", error: reason });
      return;
    }
    log.info({ execution, attempt, kind: frame.job.kind, refused }, "execution begins");
    const result: Result = refused === undefined ? await this.run(frame, work) : { status: "REJECTED", error: refused };
    const final: ExecutionReport = { execution, attempt, ...result };
    if (final.error !== undefined) final.error = clip(final.error, MAX_ERROR);
    // The report first: an agent that dies between the two reports `interrupted` behind it, and the first word stands.
    await recorder.record({ kind: "execution", ...final });
    await this.journal.write({ ...entry, final });
    log.info({ execution, attempt, status: final.status, error: final.error }, "execution ended");
    this.options.onDone(frame);
  }

  private refusalOf(frame: ExecuteFrame): string | undefined {
    const { policy, ownPolicy, serverNow } = this.options;
    return refusal(frame, policy()?.at, ownPolicy, serverNow());
  }

  private async run(frame: ExecuteFrame, work: Work): Promise<Result> {
    const { steady, lock, recorder } = this.options;
    const { execution, attempt } = frame;
    const limitMs = frame.timeoutS * 1_000;
    const deadline = steady.now() + limitMs;
    const begin = () => {
      work.begin();
      return recorder.record({ kind: "execution", execution, attempt, status: "RUNNING" });
    };
    const timeUp = new AbortController();
    try {
      if (frame.job.kind === "configure") {
        await begin();
        await within(steady, limitMs, this.options.applyAgain());
        return { status: "SUCCEEDED", step: 0, command: "configure", result: "OK", output: [] };
      }
      const { kind } = frame.job;
      const onLine = lock.run(async (): Promise<Result> => {
        timeUp.signal.throwIfAborted();
        const driver = await this.driverBefore(deadline, timeUp.signal);
        timeUp.signal.throwIfAborted();
        await begin();
        return this.onLine(KINDS[kind], frame, work, driver, deadline, timeUp.signal);
      });
      return await within(steady, limitMs, Promise.race([onLine, work.canceledEarly]));
    } catch (error) {
      timeUp.abort(error);
      if (error instanceof StepError) return { status: error.status, error: error.message, ...error.report };
      const { message } = error as Error;
      if (error instanceof CanceledError) return { status: "CANCELED", error: message };
      return error instanceof DeadlineError
        ? { status: "TIMED_OUT", error: message }
        : { status: "FAILED", error: message };
    }
  }

  private async onLine(
    runKind: (bench: Workbench) => Promise<void>,
    frame: ExecuteFrame,
    work: Work,
    driver: Mn316,
    deadline: number,
    timeUp: AbortSignal,
  ): Promise<Result> {
    const { steady, recorder, policy, onOperatorCommand } = this.options;
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
        mayGoOn: (done) => {
          work.mayGoOn(done);
        },
        leftMs: () => Math.max(1, deadline - steady.now()),
        now: () => steady.now(),
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
  private async driverBefore(deadline: number, timeUp: AbortSignal): Promise<Mn316> {
    const { steady, driver } = this.options;
    const signal = AbortSignal.any([timeUp, this.stopping.signal]);
    for (;;) {
      const current = driver();
      if (current) return current;
      if (steady.now() >= deadline || signal.aborted) throw new Error("the module does not answer on the serial line");
      await pause(steady, MODULE_POLL_MS, signal);
    }
  }
}

function keyOf({ execution, attempt }: Pick<ExecuteFrame, "execution" | "attempt">): string {
  return `${execution}/${attempt}`;
}
