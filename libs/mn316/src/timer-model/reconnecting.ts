import { LIMITS } from "@mn316-fleet/manual";
import type { AwayStretch, DeadStretch } from "./link-story";
import { LONGEST_REOPEN_S, type TimerSettings } from "./timer-settings";

export interface Reconnection {
  connectedMs: number | undefined;
  attempts: number;
  gaveUp: number;
}

/**
 * What follows when a connection is given up (§3.4): three attempts by the module, and then its host, which opens it again
 * and again. An attempt holds out for the acknowledgement timeout, so one that begins shortly before the link is back succeeds.
 * @param troubles from the one that ended the connection on
 * @param atMs when it was given up
 * @param untilMs nothing is tried later
 */
export function reconnect(
  troubles: readonly (DeadStretch | AwayStretch)[],
  atMs: number,
  settings: TimerSettings,
  untilMs: number,
): Reconnection {
  const ackTimeoutMs = settings.ackTimeoutS * 1_000;
  const pauseMs = settings.reconnectAfterS * 1_000;
  let time = atMs;
  for (let attempts = 0, gaveUp = 0; ; gaveUp++) {
    // The host's own attempt is one more, and needs no pause.
    const waits = [...(gaveUp > 0 ? [0] : []), ...Array.from({ length: LIMITS.reconnectAttempts }, () => pauseMs)];
    for (const waitMs of waits) {
      time += waitMs;
      if (time >= untilMs) return { connectedMs: undefined, attempts, gaveUp };
      attempts++;
      const success = connectedBy(troubles, time, time + ackTimeoutMs);
      if (success !== undefined) return { connectedMs: success < untilMs ? success : undefined, attempts, gaveUp };
      time += ackTimeoutMs;
    }
    time += Math.min(LONGEST_REOPEN_S, settings.reopenAfterS * settings.backoff ** gaveUp) * 1_000;
  }
}

/** When an attempt succeeds: at once, or when the link is back in time. */
function connectedBy(
  troubles: readonly (DeadStretch | AwayStretch)[],
  fromMs: number,
  byMs: number,
): number | undefined {
  const trouble = troubles.find((each) => each.fromMs <= fromMs && fromMs < each.toMs);
  if (!trouble) return fromMs;
  return trouble.toMs <= byMs ? trouble.toMs : undefined;
}
