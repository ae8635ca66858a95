import { LIMITS } from "@mn316-fleet/manual";
import type { DeadStretch, LinkStory, TimerSettings } from "@mn316-fleet/mn316/timer-model";
import type { DeviceRecord, RecordedInterval, RecordedSettings } from "./record.store";

/** Part of a device's history under one set of settings, as the timer model takes it. */
export interface Chapter {
  settings: TimerSettings;
  story: LinkStory;
}

/** The manual says no number (§3.4). */
export const RECONNECT_AFTER_S = 10;
const DEFAULTS: Required<RecordedSettings> = {
  keepAliveS: LIMITS.keepAliveS.default,
  ackTimeoutS: LIMITS.ackTimeoutS.default,
  reopenAfterS: 60,
  backoff: 2,
};
/** Losses that follow each other within so many keepAlives are one row. */
const IN_A_ROW = 1.5;

/**
 * Reads from the record what must have happened to the link. A row of lost heart-beats tells of a dead link: from half-way
 * between the last sign of life and the first ping without an answer. Where the connection was given up for it, the link
 * was dead until the module was connected again, or nobody heard it any more; where not, until half-way to the next ping.
 */
export function chapters(record: DeviceRecord, fromMs: number, toMs: number): Chapter[] {
  const result: Chapter[] = [];
  const intervals = seamless(record.intervals, fromMs, toMs);
  for (const [index, interval] of intervals.entries()) {
    const settings = settingsOf(record, interval);
    let chapter = result.at(-1);
    // A connection is lived under what was set before it; so settings change only where one begins.
    if (!chapter || (interval.state === "connected" && !isSame(chapter.settings, settings))) {
      chapter = { settings, story: { fromMs: interval.fromMs, toMs: interval.fromMs, troubles: [], heardMs: [] } };
      result.push(chapter);
    }
    const { story } = chapter;
    chapter.story = {
      fromMs: story.fromMs,
      toMs: interval.toMs,
      troubles: joined([...story.troubles, ...troublesOf(interval, intervals[index - 1], record, settings, story)]),
      heardMs: within(record.heardMs, story.fromMs, interval.toMs),
    };
  }
  return result;
}

function settingsOf(record: DeviceRecord, { configVersion }: RecordedInterval): TimerSettings {
  const ofVersion = configVersion === null ? undefined : record.byVersion.get(configVersion);
  return { ...DEFAULTS, ...(ofVersion ?? record.latest), reconnectAfterS: RECONNECT_AFTER_S };
}

/** The intervals one after the other, clipped to the range; where the record has a hole, nobody knows. */
function seamless(intervals: readonly RecordedInterval[], fromMs: number, toMs: number): RecordedInterval[] {
  const result: RecordedInterval[] = [];
  const unknown = (from: number, to: number): RecordedInterval => ({
    state: "unknown",
    fromMs: from,
    toMs: to,
    cause: "unknown",
    configVersion: result.at(-1)?.configVersion ?? null,
  });
  let reached = fromMs;
  for (const interval of intervals) {
    const begin = Math.max(interval.fromMs, reached);
    const end = Math.min(interval.toMs, toMs);
    if (end <= begin) continue;
    if (begin > reached) result.push(unknown(reached, begin));
    result.push({ ...interval, fromMs: begin, toMs: end, ...(interval.toMs > toMs && { cause: null }) });
    reached = end;
  }
  if (reached < toMs) result.push(unknown(reached, toMs));
  return result;
}

function troublesOf(
  interval: RecordedInterval,
  before: RecordedInterval | undefined,
  record: DeviceRecord,
  settings: TimerSettings,
  story: LinkStory,
): LinkStory["troubles"] {
  const { state, fromMs, toMs } = interval;
  if (state === "connected") return deadWithin(interval, record, settings);
  const last = story.troubles.at(-1);
  // What follows a loss is the same dead link, as long as somebody hears the module.
  if (state !== "unknown" && before && last?.kind === "dead" && !last.wasOutlived && last.toMs === fromMs)
    return [{ ...last, fromMs, toMs }];
  return [{ kind: "away", fromMs, toMs }];
}

function deadWithin(interval: RecordedInterval, record: DeviceRecord, settings: TimerSettings): DeadStretch[] {
  const keepAliveMs = settings.keepAliveS * 1_000;
  const ackTimeoutMs = settings.ackTimeoutS * 1_000;
  const isLost = interval.cause === "heartbeat-lost";
  const lost = within(record.pingTimeoutsMs, interval.fromMs, interval.toMs + 1);
  const rows = inRows(lost, IN_A_ROW * keepAliveMs);
  // The losses that ended a connection may have been shed before they were sent.
  const lastLoss = lost.at(-1) ?? -Infinity;
  const isTold = interval.toMs - lastLoss <= keepAliveMs;
  if (isLost && !isTold) rows.push([interval.toMs - (LIMITS.heartbeatLosses - 1) * keepAliveMs]);
  let reached = interval.fromMs;
  return rows.flatMap((row, index): DeadStretch[] => {
    const [first = interval.toMs] = row;
    const firstPing = first - ackTimeoutMs;
    const heard = record.heardMs[firstFrom(record.heardMs, firstPing) - 1] ?? -Infinity;
    const alive = Math.max(reached, firstPing - keepAliveMs, heard);
    const fromMs = Math.max(reached, Math.min(firstPing, (alive + firstPing) / 2));
    const wasOutlived = !(isLost && index === rows.length - 1);
    const untilNextPing = Math.max(1, (keepAliveMs - ackTimeoutMs) / 2);
    const toMs = wasOutlived ? Math.min(interval.toMs, (row.at(-1) ?? first) + untilNextPing) : interval.toMs;
    if (toMs <= fromMs) return [];
    reached = toMs;
    return [{ kind: "dead", fromMs, toMs, wasOutlived }];
  });
}

/** Those of ascending moments that lie in a stretch, `toMs` exclusive. */
const within = (ms: readonly number[], fromMs: number, toMs: number) =>
  ms.slice(firstFrom(ms, fromMs), firstFrom(ms, toMs));

/** Index of the first of ascending moments that is not before `atMs`. */
function firstFrom(ms: readonly number[], atMs: number): number {
  let [low, high] = [0, ms.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ms[middle] ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inRows(ms: readonly number[], apartMs: number): number[][] {
  const rows: number[][] = [];
  for (const each of ms) {
    const row = rows.at(-1);
    if (row && each - (row.at(-1) ?? -Infinity) <= apartMs) row.push(each);
    else rows.push([each]);
  }
  return rows;
}

/** Neighbours of one kind are one stretch. */
function joined(troubles: LinkStory["troubles"]): LinkStory["troubles"] {
  const result: LinkStory["troubles"][number][] = [];
  for (const trouble of troubles) {
    const last = result.at(-1);
    const isOne =
      last?.toMs === trouble.fromMs &&
      (last.kind === "dead"
        ? trouble.kind === "dead" && !last.wasOutlived && !trouble.wasOutlived
        : trouble.kind === "away");
    if (isOne) result[result.length - 1] = { ...last, toMs: trouble.toMs };
    else result.push(trouble);
  }
  return result;
}

const isSame = (a: TimerSettings, b: TimerSettings) =>
  a.keepAliveS === b.keepAliveS &&
  a.ackTimeoutS === b.ackTimeoutS &&
  a.reopenAfterS === b.reopenAfterS &&
  a.backoff === b.backoff;
