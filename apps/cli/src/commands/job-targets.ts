import type { CreateJobInput } from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { UsageError } from "../errors";
import { deviceId } from "../lookup";
import { future, positiveNumber, repeatable, wholeNumber } from "../options";
import type { Session } from "../session/session";

type Targets = CreateJobInput["targets"];

export interface TargetOptions {
  device?: string[];
  all?: boolean;
  tag?: string[];
  anyTag?: string[];
  q?: string;
  state?: string[];
  online?: boolean;
  offline?: boolean;
  firmware?: string;
  imei?: string;
  continuous?: boolean;
}

/** Which devices a job is for. */
export function addTargetOptions(command: Command): Command {
  return command
    .option("-d, --device <device>", "a device, by id, name or IMEI; may repeat", repeatable)
    .option("--all", "every device")
    .option("-t, --tag <tag>", "devices with all of these tags; may repeat", repeatable)
    .option("--any-tag <tag>", "devices with at least one of these tags; may repeat", repeatable)
    .option("-q, --q <text>", "devices with this text within name or IMEI")
    .option("--state <state>", "devices whose module is in one of these states; may repeat", repeatable)
    .addOption(new Option("--online", "devices whose agent is connected").conflicts("offline"))
    .option("--offline", "devices whose agent is not connected")
    .option("--firmware <version>", "devices whose module has this firmware")
    .option("--imei <pattern>", "devices by IMEI, ? for any digit and * for any number of them")
    .option("--continuous", "also devices that come to match until the job is over");
}

/** @throws UsageError where neither devices nor a selector are named, or both */
export async function targetsOf(session: Session, devices: string[], options: TargetOptions): Promise<Targets> {
  const { device = [], all, tag, anyTag, q, state, online, offline, firmware, imei, continuous } = options;
  const selector = {
    ...(all && { all: true as const }),
    ...(tag && { tags: tag }),
    ...(anyTag && { anyTag }),
    ...(q !== undefined && { q }),
    ...(state && { state }),
    ...((online ?? offline) && { online: online === true }),
    ...(firmware !== undefined && { firmware }),
    ...(imei !== undefined && { imei }),
  };
  const named = [...devices, ...device];
  const isSelecting = Object.keys(selector).length > 0;
  if (named.length > 0 && isSelecting)
    throw new UsageError("give either devices or a selector such as --tag, not both");
  if (named.length === 0 && !isSelecting)
    throw new UsageError("which devices? name them, or give --tag, --any-tag, --q, --state, --imei, --online or --all");
  if (isSelecting) return { selector, ...(continuous && { mode: "continuous" }) } as Targets;
  if (continuous) throw new UsageError("--continuous goes with a selector such as --tag");
  const deviceIds: string[] = [];
  for (const each of named) deviceIds.push(await deviceId(session.client, each));
  return { deviceIds };
}

export interface JobOptions {
  timeout?: number;
  retries?: number;
  perMinute?: number;
  concurrent?: number;
  canary?: number;
  canaryWait?: number;
  abortPercent?: number;
  abortMin?: number;
  startAt?: string;
  expiresAt?: string;
}

/** How a job spreads, and when it stops by itself. */
export function addJobOptions(command: Command): Command {
  return command
    .option("--timeout <seconds>", "of each execution, 60 unless given", wholeNumber(1, 3_600))
    .option("--retries <count>", "further attempts of one that failed", wholeNumber(0, 10))
    .option("--per-minute <devices>", "so many devices a minute", positiveNumber)
    .option("--concurrent <devices>", "at work at the same time, 100 unless given", wholeNumber(1))
    .option("--canary <devices>", "so many first; the others when all of these succeeded", wholeNumber(1))
    .option("--canary-wait <seconds>", "after the last of the first", wholeNumber(0))
    .option("--abort-percent <percent>", "end the job when so many percent failed", positiveNumber)
    .option("--abort-min <count>", "but not before so many are over", wholeNumber(1))
    .option("--start-at <time>", "not before; 2h means in so long", future)
    .option("--expires-at <time>", "what has not begun by then expires, a day unless given", future);
}

/** The parts of a job that options say. @throws UsageError for an option that lacks the one that it goes with */
export function jobParts(options: JobOptions): Partial<CreateJobInput> {
  const { timeout, retries, perMinute, concurrent, canary, canaryWait, abortPercent, abortMin } = options;
  if (canaryWait !== undefined && canary === undefined) throw new UsageError("--canary-wait goes with --canary");
  if (abortMin !== undefined && abortPercent === undefined)
    throw new UsageError("--abort-min goes with --abort-percent");
  const rollout = {
    ...(perMinute !== undefined && { perMinute }),
    ...(concurrent !== undefined && { concurrent }),
    ...(canary !== undefined && {
      canary: { devices: canary, ...(canaryWait !== undefined && { waitS: canaryWait }) },
    }),
    ...(abortPercent !== undefined && {
      abort: { failedPercent: abortPercent, ...(abortMin !== undefined && { minExecuted: abortMin }) },
    }),
  };
  return {
    ...(timeout !== undefined && { timeoutS: timeout }),
    ...(retries !== undefined && { retries }),
    ...(Object.keys(rollout).length > 0 && { rollout }),
    ...(options.startAt !== undefined && { startAt: options.startAt }),
    ...(options.expiresAt !== undefined && { expiresAt: options.expiresAt }),
  };
}
