import fc from "fast-check";
import { inWeek, weekOf } from "../../history/rollups/availability-weeks";
import { rangeSum } from "./day-weights";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** In the middle of a week. */
const START = 20_000 * DAY_MS;

interface Interval {
  began: number;
  ended: number;
}

/** What a range's sum comes to where these intervals, which may overlap, are all that is known. */
function sumOf(intervals: readonly Interval[], fromMs: number, toMs: number, nowMs: number): number {
  const within = ({ began, ended }: Interval, from: number, to: number) =>
    Math.max(0, Math.min(ended, to) - Math.max(began, from));
  const total = (day: number) =>
    intervals.reduce((sum, interval) => sum + within(interval, day * DAY_MS, (day + 1) * DAY_MS), 0);
  const begins = (day: number) =>
    intervals.filter(({ began, ended }) => began <= day * DAY_MS && ended > day * DAY_MS).length;
  const { whole, cut, changes } = rangeSum({ fromMs, toMs }, nowMs);
  let sum = 0;
  for (let day = whole.from; day < whole.to; day++) sum += total(day);
  for (const { week, days } of cut)
    for (const [index, weight] of days.entries())
      sum += weight.total * total(week + index) + weight.beginMs * begins(week + index);
  for (const { momentMs, sign, ...stretch } of changes)
    for (const { began, ended } of intervals)
      for (const [at, direction] of [[began, 1] as const, [ended, -1] as const])
        if (at >= stretch.fromMs && at < stretch.toMs) sum += sign * direction * Math.abs(at - momentMs);
  return sum;
}

describe("the sum of a range", () => {
  const moment = fc.oneof(
    fc.integer({ min: -2 * DAY_MS, max: 30 * DAY_MS }),
    fc.integer({ min: -2, max: 30 }).map((day) => day * DAY_MS),
    fc.integer({ min: -48, max: 720 }).map((hour) => hour * HOUR_MS),
  );
  const stretch = fc
    .tuple(moment, moment)
    .map(([a, b]) => ({ began: START + Math.min(a, b), ended: START + Math.max(a, b) }));

  it("is the time of any intervals within any range, wherever now is", () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 6 }), stretch, moment, (intervals, { began: from, ended }, now) => {
        const to = Math.max(ended, from + 1);
        const time = intervals.reduce(
          (sum, { began, ended: end }) => sum + Math.max(0, Math.min(end, to) - Math.max(began, from)),
          0,
        );
        expect(sumOf(intervals, from, to, START + now)).toBe(time);
      }),
      { numRuns: 2_000 },
    );
  });

  it("looks at the shorter side of a cut, and hardly behind the present", () => {
    const longest = (fromMs: number, toMs: number, nowMs: number) =>
      rangeSum({ fromMs, toMs }, nowMs).changes.map((change) => Math.min(change.toMs, nowMs) - change.fromMs);
    const now = START + 9 * DAY_MS + 20 * HOUR_MS;
    expect(longest(now - 7 * DAY_MS, now, now).map((ms) => Math.floor(ms / HOUR_MS))).toEqual([4, 0]);
    expect(longest(START, START + 7 * DAY_MS, now)).toEqual([]);
  });

  it("reads two rows of a device for a week, wherever it begins", () => {
    for (let day = 0; day < 7; day++) {
      const fromMs = START + day * DAY_MS + HOUR_MS;
      const { whole, cut } = rangeSum({ fromMs, toMs: fromMs + 7 * DAY_MS }, fromMs + 8 * DAY_MS);
      expect((whole.to - whole.from) / 7 + cut.length).toBeLessThanOrEqual(2);
    }
  });
});

describe("a day's place in its week", () => {
  it("is a column of each kind, and a digit of the begins", () => {
    const thursday = 20_006;
    expect([weekOf(thursday), weekOf(thursday + 6), weekOf(-1)]).toEqual([thursday, thursday, -7]);
    const values = inWeek(thursday + 2, { connectedMs: 3, knownMs: 4, connectedBegins: 1, knownBegins: 2 });
    expect(values).toEqual([0, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 2 ** 16, 2 * 2 ** 16]);
  });
});
