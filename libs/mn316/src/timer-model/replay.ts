import { LIMITS } from "@mn316-fleet/manual";
import type { DeadStretch, LinkStory } from "./link-story";
import { PingSchedule } from "./ping-schedule";
import { reconnect } from "./reconnecting";
import { noticesLosses, type TimerSettings } from "./timer-settings";

/** A connection that the module gave up because its link was dead. */
export interface Notice {
  trouble: DeadStretch;
  /** The third loss in a row (§3.4). */
  atMs: number;
  /** When it was connected again; undefined where that is after the story. */
  connectedMs: number | undefined;
  /** Attempts, those of the module and the host's together. */
  attempts: number;
  /** How often the module stopped trying, and the host had to open it. */
  gaveUp: number;
}

/** What a module with some settings would have made of a story. */
export interface Replay {
  /** Pings that it sent. */
  pings: number;
  /** `+MQTTTO:5`. */
  pingTimeouts: number;
  notices: Notice[];
  /** Dead stretches that nobody noticed. */
  unnoticed: DeadStretch[];
}

/**
 * Runs the module's timers over a story (§2.1, §2.9, §3.4). What is under way when the link dies arrives when it is back, as
 * TCP has it: so a ping is lost if it is still unanswered when the acknowledgement timeout is over, and an answer that
 * comes late ends the row of losses. Pure: the same story and settings give the same replay.
 */
export function replay(story: LinkStory, settings: TimerSettings): Replay {
  const keepAliveMs = settings.keepAliveS * 1_000;
  const ackTimeoutMs = settings.ackTimeoutS * 1_000;
  const schedule = new PingSchedule(keepAliveMs, story.fromMs, story.heardMs);
  const result: Replay = { pings: 0, pingTimeouts: 0, notices: [], unnoticed: [] };
  /** From then on the module is connected. */
  let connectedMs = story.fromMs;
  for (const [index, trouble] of story.troubles.entries()) {
    if (trouble.toMs <= connectedMs) continue;
    if (trouble.kind === "away") {
      if (trouble.fromMs > connectedMs) schedule.advance(trouble.fromMs);
      connectedMs = trouble.toMs;
      schedule.restart(connectedMs);
      continue;
    }
    schedule.advance(Math.max(trouble.fromMs, connectedMs));
    const first = schedule.dueMs;
    const losses = noticesLosses(settings) ? lossesIn(trouble, first, keepAliveMs, ackTimeoutMs) : 0;
    result.pingTimeouts += losses;
    if (losses < LIMITS.heartbeatLosses) {
      result.unnoticed.push(trouble);
      schedule.deafUntil(trouble.toMs);
      continue;
    }
    const atMs = first + (losses - 1) * keepAliveMs + ackTimeoutMs;
    result.pings += losses;
    const back = reconnect(story.troubles.slice(index), atMs, settings, story.toMs);
    result.notices.push({ trouble, atMs, ...back });
    connectedMs = back.connectedMs ?? story.toMs;
    schedule.restart(connectedMs);
  }
  if (connectedMs < story.toMs) schedule.advance(story.toMs);
  result.pings += schedule.sent;
  return result;
}

/** How many pings in a row go unanswered, up to those that end the connection. */
function lossesIn({ toMs }: DeadStretch, firstMs: number, keepAliveMs: number, ackTimeoutMs: number): number {
  const overdue = toMs - firstMs - ackTimeoutMs;
  return overdue <= 0 ? 0 : Math.min(LIMITS.heartbeatLosses, Math.ceil(overdue / keepAliveMs));
}
