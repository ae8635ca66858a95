import { DAYS_A_WEEK, type DayWeight, weekOf } from "../../history/rollups/availability-weeks";
import type { Stretch } from "./time-frame";

const DAY_MS = 86_400_000;

/** Changes of state that count: those within a stretch, each by how far it lies from `momentMs`, and with a sign. */
export interface CountedChanges extends Stretch {
  momentMs: number;
  sign: 1 | -1;
}

/** A week that a range cuts, and what of its days counts. */
export interface CutWeek {
  /** Days since 1970. */
  week: number;
  days: readonly DayWeight[];
}

/** What has to be added up for the time in a state within a range. */
export interface RangeSum {
  /** Weeks that count with all of their days, as days since 1970: the first one, and the one behind the last. */
  whole: { from: number; to: number };
  cut: CutWeek[];
  changes: CountedChanges[];
}

/**
 * The time within a range is that of the days from the one of its begin on to that before its end's, less what of the first day
 * lies before the range, and with what of the last day lies within it.
 *
 * How long a state lasted in the head of a day, up to `x`, follows from what there was when the day began and the changes up to
 * `x`; or, seen from the other end, from all of the day, what there was when the next one began, and the changes behind `x`. The
 * shorter side is taken.
 * @param nowMs behind which hardly anything changed
 */
export function rangeSum({ fromMs, toMs }: Stretch, nowMs: number): RangeSum {
  const [first, last] = [Math.floor(fromMs / DAY_MS), Math.floor(toMs / DAY_MS)];
  const changes: CountedChanges[] = [];
  /** What is added to the days' weights for the heads of the first and the last day. */
  const ofHeads = new Map<number, DayWeight>();
  const add = (day: number, weight: DayWeight) => {
    const { total, beginMs } = ofHeads.get(day) ?? NOTHING;
    ofHeads.set(day, { total: total + weight.total, beginMs: beginMs + weight.beginMs });
  };
  for (const [momentMs, day, sign] of [[fromMs, first, -1] as const, [toMs, last, 1] as const]) {
    const [beginMs, endMs] = [day * DAY_MS, (day + 1) * DAY_MS];
    const before = momentMs - beginMs;
    if (before === 0) continue;
    if (before <= Math.min(endMs, nowMs) - momentMs) {
      add(day, { total: 0, beginMs: sign * before });
      changes.push({ momentMs, sign, fromMs: beginMs + 1, toMs: momentMs });
    } else {
      add(day, { total: sign, beginMs: 0 });
      add(day + 1, { total: 0, beginMs: -sign * (endMs - momentMs) });
      changes.push({ momentMs, sign, fromMs: momentMs, toMs: endMs + 1 });
    }
  }
  const weightOf = (day: number): DayWeight => {
    const { total, beginMs } = ofHeads.get(day) ?? NOTHING;
    return { total: total + Number(day >= first && day < last), beginMs };
  };
  return { ...inWeeks(weekOf(first), weekOf(last + 1), weightOf), changes };
}

const NOTHING: DayWeight = { total: 0, beginMs: 0 };

/** Only the weeks at the ends are cut, so the whole ones follow each other. */
function inWeeks(first: number, last: number, weightOf: (day: number) => DayWeight): Omit<RangeSum, "changes"> {
  const whole: number[] = [];
  const cut: CutWeek[] = [];
  for (let week = first; week <= last; week += DAYS_A_WEEK) {
    const days = Array.from({ length: DAYS_A_WEEK }, (_, index) => weightOf(week + index));
    if (days.every(({ total, beginMs }) => total === 1 && beginMs === 0)) whole.push(week);
    else if (days.some(({ total, beginMs }) => total !== 0 || beginMs !== 0)) cut.push({ week, days });
  }
  return { whole: { from: whole[0] ?? 0, to: (whole.at(-1) ?? -DAYS_A_WEEK) + DAYS_A_WEEK }, cut };
}
