import { type Clock, systemClock } from "@mn316-fleet/at";
import { Mn316 } from "@mn316-fleet/mn316";
import type { DeviceConfig, ExecuteFrame, ExecutionReport } from "@mn316-fleet/protocol";
import type { Duplex } from "node:stream";
import { subscribeMissing } from "../module/bring-up";
import { DeadlineError, within } from "../time";
import { applyConfig, check } from "../twin/apply";
import { KINDS } from "./kinds";
import { refusal } from "./refusal";
import { StepError, type StepReport } from "./step-runner";

export interface RehearsalOptions {
  /** The line of a module that nobody else uses. */
  stream: Duplex;
  /** What the module holds and is connected with before; nothing unless given. */
  held?: DeviceConfig | undefined;
  /** What the device should have: its rules hold, and `configure` applies it. */
  desired?: DeviceConfig | undefined;
  /** Bound of the whole, preparation included, in ms. */
  limitMs: number;
  clock?: Clock;
  random?: () => number;
}

/** How an execution ended, with every step that was told. */
export type RehearsalOutcome = Pick<ExecutionReport, "status" | "error"> & { steps: StepReport[] };

/** Runs an execution as an agent would, on a module of its own, and keeps nothing of it. */
export async function rehearse(frame: ExecuteFrame, options: RehearsalOptions): Promise<RehearsalOutcome> {
  const { stream, held, desired, limitMs, clock = systemClock, random = Math.random } = options;
  const steps: StepReport[] = [];
  const refused = refusal(frame, desired?.at, { allow: [], deny: [] }, clock.now());
  if (refused !== undefined) return { status: "REJECTED", error: refused, steps };
  const driver = new Mn316(stream, { clock });
  const deadline = clock.now() + limitMs;
  const timeUp = new AbortController();
  const work = async () => {
    await bringUp(driver, held);
    if (frame.job.kind === "configure") {
      if (!desired) return;
      check(desired);
      await applyConfig(driver, desired, Math.max(1, deadline - clock.now()), { clock, random });
      return;
    }
    await KINDS[frame.job.kind]({
      driver,
      frame,
      config: desired ?? held,
      signal: timeUp.signal,
      mayGoOn: () => undefined,
      leftMs: () => Math.max(1, deadline - clock.now()),
      now: () => clock.now(),
      tell: (report) => void steps.push(report),
      onOperatorCommand: () => undefined,
    });
  };
  try {
    await within(clock, limitMs, work());
    return { status: "SUCCEEDED", steps };
  } catch (error) {
    timeUp.abort(error);
    const { message } = error as Error;
    if (error instanceof StepError) return { status: error.status, error: message, steps: [...steps, error.report] };
    return { status: error instanceof DeadlineError ? "TIMED_OUT" : "FAILED", error: message, steps };
  } finally {
    driver.close();
  }
}

/** The module as a device left it: configured, connected, subscribed. */
async function bringUp(driver: Mn316, held: DeviceConfig | undefined): Promise<void> {
  await driver.start();
  if (!held) return;
  await driver.configure(held.mqtt);
  await driver.connect();
  await subscribeMissing(driver, held.subscriptions);
}
