import type { CreateJobInput, Selector } from "@mn316-fleet/contracts";
import type { JobKind } from "@mn316-fleet/protocol";
import type { Filters } from "../fleet/filters";

type Weekday = NonNullable<NonNullable<CreateJobInput["window"]>["days"]>[number];
export interface StepForm {
  command: string;
  expect: string;
}

/** What is filled in on the page; an empty text or number stands for "not said". */
export interface JobForm {
  kind: JobKind;
  /** Chosen one by one; otherwise the selector says which. */
  deviceIds: readonly string[];
  isEveryDevice: boolean;
  tags: string[];
  q: string;
  state: string[];
  online: "" | "true" | "false";
  firmware: string;
  isContinuous: boolean;
  steps: StepForm[];
  isRepeatable: boolean;
  timeoutS: number | "";
  retries: number | "";
  perMinute: number | "";
  concurrent: number | "";
  canaryDevices: number | "";
  canaryWaitS: number | "";
  abortPercent: number | "";
  abortMin: number | "";
  windowFrom: string;
  windowTo: string;
  windowDays: string[];
  /** `datetime-local`, by the browser's clock. */
  startAt: string;
  cron: string;
}

/** An empty form, narrowed to the devices that the page before spoke of. */
export function emptyForm(deviceIds: readonly string[], { q, tag, state, online }: Filters): JobForm {
  return {
    ...{ kind: "probe", deviceIds, isEveryDevice: false, firmware: "", isContinuous: false },
    ...{ tags: tag === undefined ? [] : [tag], q: q ?? "", state: state ? [state] : [], online: online ?? "" },
    ...{ steps: [{ command: "", expect: "" }], isRepeatable: false, timeoutS: "", retries: "" },
    ...{ perMinute: "", concurrent: "", canaryDevices: "", canaryWaitS: "", abortPercent: "", abortMin: "" },
    ...{ windowFrom: "", windowTo: "", windowDays: [], startAt: "", cron: "" },
  };
}

/** The selector that a form describes; undefined where it names nothing. */
export function selectorOf(form: JobForm): Selector | undefined {
  if (form.isEveryDevice) return { all: true };
  const selector = {
    ...(form.tags.length > 0 && { tags: form.tags }),
    ...(form.q !== "" && { q: form.q }),
    ...(form.state.length > 0 && { state: form.state as Selector["state"] }),
    ...(form.online !== "" && { online: form.online === "true" }),
    ...(form.firmware !== "" && { firmware: form.firmware }),
  };
  return Object.keys(selector).length > 0 ? selector : undefined;
}

/** What is sent for a form. Whether it is allowed the server says, field by field. */
export function jobOf(form: JobForm): CreateJobInput {
  const { kind, deviceIds, cron } = form;
  const rollout = {
    ...(form.perMinute !== "" && { perMinute: form.perMinute }),
    ...(form.concurrent !== "" && { concurrent: form.concurrent }),
    ...(form.canaryDevices !== "" && {
      canary: { devices: form.canaryDevices, ...(form.canaryWaitS !== "" && { waitS: form.canaryWaitS }) },
    }),
    ...(form.abortPercent !== "" && {
      abort: { failedPercent: form.abortPercent, ...(form.abortMin !== "" && { minExecuted: form.abortMin }) },
    }),
  };
  const steps = form.steps.map(({ command, expect }) => ({ command, ...(expect !== "" && { expect }) }));
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    kind,
    targets:
      deviceIds.length > 0
        ? { deviceIds: [...deviceIds] }
        : { selector: selectorOf(form) ?? {}, mode: form.isContinuous ? "continuous" : "snapshot" },
    ...(kind === "at" && { steps, repeatable: form.isRepeatable }),
    ...(form.timeoutS !== "" && { timeoutS: form.timeoutS }),
    ...(form.retries !== "" && { retries: form.retries }),
    ...(Object.keys(rollout).length > 0 && { rollout }),
    ...(form.windowFrom !== "" && {
      window: {
        ...{ from: form.windowFrom, to: form.windowTo, timeZone },
        ...(form.windowDays.length > 0 && { days: form.windowDays as Weekday[] }),
      },
    }),
    ...(form.startAt !== "" && { startAt: new Date(form.startAt).toISOString() }),
    ...(cron !== "" && { schedule: { cron, timeZone } }),
  };
}
