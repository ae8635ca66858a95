import { type Rollout, rolloutSchema } from "@mn316-fleet/contracts";
import fc from "fast-check";
import { rateAt, type ReleasePlan, releasePlan, type RolloutState } from "./release-plan";

const rollout = (fields: object): Rollout => rolloutSchema.parse(fields);
const START: RolloutState = {
  nowMs: 0,
  beganAtMs: 0,
  tokens: 1,
  tokensAtMs: 0,
  atWork: 0,
  outcome: { executed: 0, failed: 0 },
  canary: undefined,
  canaryOverAtMs: undefined,
};
const NO_CANARY = { released: 0, open: 0, executed: 0, failed: 0 };
type Release = Extract<ReleasePlan, { step: "release" }>;

describe("the plan of a rollout", () => {
  it("releases as many as may be at work at the same time, and no more", () => {
    const rule = rollout({ concurrent: 5 });
    expect(releasePlan(rule, START)).toMatchObject({ step: "release", count: 5, who: "anyone", nextInMs: undefined });
    expect(releasePlan(rule, { ...START, atWork: 3 })).toMatchObject({ count: 2 });
    expect(releasePlan(rule, { ...START, atWork: 7 })).toMatchObject({ count: 0 });
  });

  it("grows its rate step by step, up to a bound", () => {
    const rule = rollout({ perMinute: 60, growth: { factor: 2, everyS: 60 } });
    expect([0, 59_999, 60_000, 180_000].map((ms) => rateAt(rule, ms))).toEqual([60, 60, 120, 480]);
    expect(rateAt(rule, 1e12)).toBe(600_000);
    expect(rateAt(rollout({ concurrent: 1 }), 0)).toBe(Infinity);
  });

  it("waits for the canaries, and for so long after them", () => {
    const rule = rollout({ canary: { devices: 3, waitS: 60 } });
    const at = (nowMs: number, canary: object, canaryOverAtMs?: number) =>
      releasePlan(rule, { ...START, nowMs, canary: { ...NO_CANARY, ...canary }, canaryOverAtMs });
    expect(at(0, {})).toMatchObject({ count: 3, who: "new-canaries", isCanaryGood: false });
    expect(at(1, { released: 2, open: 2 })).toMatchObject({ count: 1, who: "new-canaries" });
    expect(at(2, { released: 3, open: 1, executed: 2 })).toMatchObject({ who: "canaries-again", isCanaryGood: false });
    const over = at(1_000, { released: 3, executed: 3 });
    expect(over).toMatchObject({ count: 0, canaryOverAtMs: 1_000, isCanaryGood: false, nextInMs: 60_000 });
    expect(at(60_999, { released: 3, executed: 3 }, 1_000)).toMatchObject({ count: 0, nextInMs: 1 });
    expect(at(61_000, { released: 3, executed: 3 }, 1_000)).toMatchObject({ count: 100, isCanaryGood: true });
  });

  it("aborts by its canaries, without a threshold for any of them that failed", () => {
    const canary = { released: 4, open: 0, executed: 4, failed: 1 };
    const judge = (fields: object) =>
      releasePlan(rollout({ canary: { devices: 4 }, ...fields }), { ...START, outcome: canary, canary }).step;
    expect(judge({})).toBe("abort");
    expect(judge({ abort: { failedPercent: 25, minExecuted: 100 } })).toBe("abort");
    expect(judge({ abort: { failedPercent: 26, minExecuted: 100 } })).toBe("release");
  });

  it("aborts when so many of so many failed", () => {
    const rule = rollout({ abort: { failedPercent: 20, minExecuted: 10 } });
    const judge = (executed: number, failed: number) => releasePlan(rule, { ...START, outcome: { executed, failed } });
    expect(judge(9, 9).step).toBe("release");
    expect(judge(10, 1).step).toBe("release");
    expect(judge(10, 2)).toEqual({ step: "abort", reason: "2 of 10 executions failed or timed out" });
  });

  it("keeps its rate however irregularly it is asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.integer({ min: 1, max: 2_500 }), { minLength: 60, maxLength: 200 }),
        (perMinute, pausesMs) => {
          const rule = rollout({ perMinute, concurrent: 100_000 });
          let state = START;
          let released = 0;
          for (const pauseMs of pausesMs) {
            const plan = releasePlan(rule, state) as Release;
            released += plan.count;
            state = {
              ...state,
              nowMs: state.nowMs + pauseMs,
              tokens: plan.tokens - plan.count,
              tokensAtMs: state.nowMs,
            };
          }
          const expected = (perMinute / 60_000) * (state.nowMs - pausesMs.at(-1)!);
          expect(Math.abs(released - expected)).toBeLessThanOrEqual(1 + expected * 0.01);
        },
      ),
    );
  });

  it("saves nothing up while it could not release", () => {
    const rule = rollout({ perMinute: 600, concurrent: 1_000 });
    expect(releasePlan(rule, { ...START, nowMs: 3_600_000 })).toMatchObject({ count: 31 });
  });

  it("says when time alone allows the next", () => {
    const rule = rollout({ perMinute: 6, concurrent: 1_000 });
    const first = releasePlan(rule, START) as Release;
    expect(first).toMatchObject({ count: 1, nextInMs: 10_000 });
    expect(releasePlan(rule, { ...START, tokens: 0, nowMs: 4_000 })).toMatchObject({ count: 0, nextInMs: 6_000 });
  });
});
