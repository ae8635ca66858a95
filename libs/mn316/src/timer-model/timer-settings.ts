import { LIMITS } from "@mn316-fleet/manual";

/** The settings that the module's timers run by, and what its host does when it gave up. Durations in seconds. */
export interface TimerSettings {
  /** §2.1: with nothing heard from the broker for so long, the module pings. */
  keepAliveS: number;
  /** §2.9: how long it waits for an acknowledgement, of a ping or of a connection. */
  ackTimeoutS: number;
  /** §3.4: before each of its attempts to reconnect; the manual says no number. */
  reconnectAfterS: number;
  /** The host opens the connection again so long after the module gave up, … */
  reopenAfterS: number;
  /** … and each further time so many times later. */
  backoff: number;
}

/** The longest that a host waits, whatever the backoff comes to. */
export const LONGEST_REOPEN_S = 86_400;

/** Whether the module ever notices a link that is dead (§2.1, note): a new ping ends the wait for the one before. */
export const noticesLosses = ({
  keepAliveS,
  ackTimeoutS,
}: Pick<TimerSettings, "keepAliveS" | "ackTimeoutS">): boolean => ackTimeoutS <= keepAliveS;

/**
 * How long it takes until the module gives up a connection whose link died while nothing else was sent: from the last
 * sign of life, three pings, one keepAlive apart, must be due and the last of them overdue.
 * @returns undefined where it never does
 */
export function noticingS(
  settings: Pick<TimerSettings, "keepAliveS" | "ackTimeoutS">,
): { least: number; mean: number; most: number } | undefined {
  if (!noticesLosses(settings)) return undefined;
  const { keepAliveS, ackTimeoutS } = settings;
  const least = (LIMITS.heartbeatLosses - 1) * keepAliveS + ackTimeoutS;
  return { least, mean: least + keepAliveS / 2, most: least + keepAliveS };
}
