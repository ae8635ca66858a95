import type { Rollout } from "@mn316-fleet/contracts";

/** Executions that are over by an answer of their device, and those of them that failed or timed out. */
export interface Outcome {
  executed: number;
  failed: number;
}

/** Where a rollout stands, as PostgreSQL has it. */
export interface RolloutState {
  nowMs: number;
  beganAtMs: number;
  /** What the rate allowed at `tokensAtMs`. */
  tokens: number;
  tokensAtMs: number;
  /** Released and not yet over. */
  atWork: number;
  outcome: Outcome;
  /** The first devices, until they were found good; `released` counts each once, however often it is tried. */
  canary: (Outcome & { released: number; open: number }) | undefined;
  canaryOverAtMs: number | undefined;
}

export type ReleasePlan =
  | { step: "abort"; reason: string }
  | {
      step: "release";
      /** How many executions may be released now. */
      count: number;
      /** Which: canaries that are tried again, others that become canaries, or whoever is next. */
      who: "canaries-again" | "new-canaries" | "anyone";
      /** What the rate allows, before `count` is taken from it. */
      tokens: number;
      canaryOverAtMs: number | undefined;
      isCanaryGood: boolean;
      /** When time alone will allow more, in ms from now; undefined where only an event will. */
      nextInMs: number | undefined;
    };

const MINUTE_MS = 60_000;
/** The fastest that a growing rate becomes, devices a minute. */
const MAX_PER_MINUTE = 600_000;
/** What a rate may save up while nothing could be released: a late tick must not slow it, nor a break end in a rush. */
const SAVED_MS = 3_000;
/** Ticks closer together than this would cost more than they smooth. */
const SHORTEST_MS = 100;

/** Devices a minute after so much time. */
export function rateAt({ perMinute, growth }: Rollout, elapsedMs: number): number {
  if (perMinute === undefined) return Infinity;
  if (!growth) return perMinute;
  const steps = Math.floor(Math.max(0, elapsedMs) / (growth.everyS * 1_000));
  return Math.min(MAX_PER_MINUTE, perMinute * growth.factor ** steps);
}

/** What a rollout does next. A pure function of what is stored, so that any worker comes to the same. */
export function releasePlan(rollout: Rollout, state: RolloutState): ReleasePlan {
  const { nowMs, beganAtMs, atWork, outcome, canary } = state;
  const reason = tooManyFailed(rollout, outcome) ?? (canary && canaryFailed(rollout, canary));
  if (reason !== undefined) return { step: "abort", reason };

  const ratePerMs = rateAt(rollout, nowMs - beganAtMs) / MINUTE_MS;
  const most = 1 + ratePerMs * SAVED_MS;
  const tokens =
    ratePerMs === Infinity ? Infinity : Math.min(most, state.tokens + ratePerMs * (nowMs - state.tokensAtMs));
  const stage = canaryStage(rollout, state);
  const free = Math.max(0, Math.min(stage.limit, rollout.concurrent - atWork));
  const count = Math.min(free, Math.floor(tokens));
  const untilTokenMs =
    free > count ? Math.max(SHORTEST_MS, Math.ceil((1 - (tokens - Math.floor(tokens))) / ratePerMs)) : undefined;
  const { who, canaryOverAtMs, isCanaryGood, waitMs } = stage;
  return { step: "release", count, who, tokens, canaryOverAtMs, isCanaryGood, nextInMs: waitMs ?? untilTokenMs };
}

function tooManyFailed({ abort }: Rollout, { executed, failed }: Outcome): string | undefined {
  if (!abort || executed < abort.minExecuted || failed * 100 < abort.failedPercent * executed) return undefined;
  return `${failed} of ${executed} executions failed or timed out`;
}

/** Canaries are judged when all of them are over, however few they are. */
function canaryFailed(rollout: Rollout, canary: NonNullable<RolloutState["canary"]>): string | undefined {
  const { released, open, executed, failed } = canary;
  if (!rollout.canary || released < rollout.canary.devices || open > 0 || failed === 0) return undefined;
  const percent = rollout.abort?.failedPercent ?? 0;
  return failed * 100 >= percent * executed ? `${failed} of ${executed} canaries failed or timed out` : undefined;
}

interface Stage {
  limit: number;
  who: "canaries-again" | "new-canaries" | "anyone";
  canaryOverAtMs: number | undefined;
  isCanaryGood: boolean;
  waitMs?: number;
}

function canaryStage({ canary: rule }: Rollout, { canary, canaryOverAtMs, nowMs }: RolloutState): Stage {
  const anyone = { limit: Infinity, who: "anyone", canaryOverAtMs, isCanaryGood: true } as const;
  if (!rule || !canary) return anyone;
  const isCanaryGood = false;
  if (canary.released < rule.devices)
    return { limit: rule.devices - canary.released, who: "new-canaries", canaryOverAtMs, isCanaryGood };
  if (canary.open > 0) return { limit: Infinity, who: "canaries-again", canaryOverAtMs, isCanaryGood };
  const overAtMs = canaryOverAtMs ?? nowMs;
  const waitMs = overAtMs + rule.waitS * 1_000 - nowMs;
  if (waitMs <= 0) return { ...anyone, canaryOverAtMs: overAtMs };
  return { limit: 0, who: "anyone", canaryOverAtMs: overAtMs, isCanaryGood, waitMs };
}
