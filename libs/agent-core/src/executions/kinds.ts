import type { Mn316 } from "@mn316-fleet/mn316";
import { type DeviceConfig, type ExecuteFrame, type JobKind } from "@mn316-fleet/protocol";
import { holdConfig, isBusy, subscribeMissing } from "../module/bring-up";
import { runStep, StepError, type StepReport } from "./step-runner";

/** What an execution works with, and how it tells its steps. */
export interface Workbench {
  driver: Mn316;
  frame: ExecuteFrame;
  config: DeviceConfig | undefined;
  /** Aborted when the whole execution's time is up. */
  signal: AbortSignal;
  /** Between two commands: throws where the execution is to end here, having done so much. */
  mayGoOn: (done: string) => void;
  leftMs: () => number;
  now: () => number;
  /** Tells a finished step; the last one is told with the final report instead. */
  tell: (report: StepReport) => void;
  /** Before a command of an operator that ends or opens the module's connection. */
  onOperatorCommand: (command: string) => void;
}

type KindRunner = (bench: Workbench) => Promise<void>;

const PROBES = [
  "AT+CGMI",
  "AT+CGMM",
  "AT+CGMR",
  "AT+CGSN=1",
  "AT+CSQ",
  "AT+CEREG?",
  "AT+MQTTSTAT?",
  "AT+MQTTCFG?",
  "AT+MQTTSUB?",
];

/** How each kind of job runs on the line; `configure` is the twin's. */
export const KINDS: Record<Exclude<JobKind, "configure">, KindRunner> = {
  at: async (bench) => {
    const { steps } = bench.frame;
    for (const [index, step] of steps.entries()) {
      bench.signal.throwIfAborted();
      bench.mayGoOn(`after ${index} of ${steps.length} steps`);
      bench.onOperatorCommand(step.command);
      bench.tell(await run(bench, index));
    }
  },

  probe: async (bench) => {
    const { driver, signal, mayGoOn, leftMs, config, tell } = bench;
    for (const [index, command] of PROBES.entries()) {
      signal.throwIfAborted();
      mayGoOn(`after ${index} of ${PROBES.length} questions`);
      const options = { leftMs: leftMs(), signal, password: config?.mqtt.password };
      try {
        tell(await runStep(driver, { command }, index, options));
      } catch (error) {
        // That a module does not know a command is what a probe is to find out.
        if (!(error instanceof StepError) || error.status !== "FAILED") throw error;
        tell(error.report);
      }
    }
  },

  reconnect: async (bench) => {
    const { driver, config } = bench;
    if (driver.state === "connected" || isBusy(driver)) await act(bench, 0, "AT+MQTTDISC", () => driver.disconnect());
    await act(bench, 1, "AT+MQTTOPEN", async () => {
      if (config) await holdConfig(driver, config);
      await driver.connect();
    });
    if (config) await act(bench, 2, "AT+MQTTSUB", () => subscribeMissing(driver, config.subscriptions));
  },

  restart: (bench) => act(bench, 0, "AT+CFUN=1,1", () => bench.driver.restart()),
};

function run({ driver, frame, leftMs, signal, config }: Workbench, index: number): Promise<StepReport> {
  const step = frame.steps[index];
  if (!step) throw new RangeError(`no step ${index}`);
  return runStep(driver, step, index, { leftMs: leftMs(), signal, password: config?.mqtt.password });
}

/** A step that the driver carries out, which is more than one command; told under the command that stands for it. */
async function act(bench: Workbench, step: number, command: string, work: () => Promise<void>): Promise<void> {
  bench.signal.throwIfAborted();
  const begunAt = bench.now();
  const report = (result: string): StepReport => ({ step, command, result, output: [], ms: bench.now() - begunAt });
  try {
    await work();
  } catch (error) {
    const { message } = error as Error;
    throw new StepError("FAILED", `${command}: ${message}`, report(message.slice(0, 1_024)));
  }
  bench.tell(report("OK"));
}
