import type { UnnumberedEvent } from "@mn316-fleet/protocol";
import { type NumberedEvent, TestAgent } from "../../../server/src/test-support/test-agent";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BATCH = 200;
const PATIENCE_MS = 60_000;
/** The epoch of the told past: any that a real agent begins later is larger. */
const EPOCH = 1;
const SIGNAL_EVERY_MS = HOUR_MS;
const CELLS = ["4A2F10", "4A2F11", "4A2F23"];
/** What the whole fleet, or a cell of it, went through together: hours before the end, and minutes away. */
const TOGETHER = [
  { hoursAgo: 5, minutes: 14, cell: CELLS[1] },
  { hoursAgo: 50, minutes: 35, cell: CELLS[0] },
  { hoursAgo: 93, minutes: 9, cell: undefined },
];
type Trouble = "heartbeat-lost" | "publish-timeout" | "connect-timeout" | "module-restart" | "serial-lost";
/** Most losses are those of the heart-beat. */
const TROUBLES: readonly Trouble[] = [
  ...(["heartbeat-lost", "heartbeat-lost", "heartbeat-lost", "publish-timeout"] as const),
  ...(["publish-timeout", "connect-timeout", "module-restart", "serial-lost"] as const),
];
const TIMEOUT_TYPE: Partial<Record<Trouble, number>> = {
  "heartbeat-lost": 5,
  "publish-timeout": 2,
  "connect-timeout": 1,
};

/**
 * What one module of a fleet went through, the oldest first: days of being connected, now and then without a connection, now
 * and then together with others. The same for the same index, so that pictures of it can be compared.
 */
export function pastOf(index: number, fromMs: number, toMs: number): UnnumberedEvent[] {
  const random = randomOf(index + 1);
  const cell = CELLS[index % CELLS.length] ?? "";
  const outages = [...outagesOf(index, cell, fromMs, toMs, random)].sort((a, b) => a.at - b.at);
  const events: UnnumberedEvent[] = [];
  let since = fromMs;
  const state = "connected";
  events.push({ at: fromMs, kind: "state", from: "unknown", to: state, since, cause: "requested" });
  for (const { at, awayMs, trouble } of outages) {
    if (at < since + 5 * MINUTE_MS || at + awayMs > toMs) continue;
    const type = TIMEOUT_TYPE[trouble];
    const lost = trouble === "module-restart" || trouble === "serial-lost" ? "disconnected" : "reconnecting";
    if (type !== undefined)
      for (let count = 3; count > 0; count--) events.push({ at: at - count * 30_000, kind: "timeout", type });
    if (trouble === "module-restart") events.push({ at, kind: "module-restart" });
    events.push({ at, kind: "state", from: state, to: lost, since, cause: trouble });
    if (lost === "reconnecting") events.push({ at: at + 1_000, kind: "reconnect", attempt: 0 });
    const back = at + awayMs;
    const connecting = back - 1_000 - Math.floor(random() * 4_000);
    events.push({ at: connecting, kind: "state", from: lost, to: "tcp-connecting", since: at, cause: "requested" });
    events.push({ at: back, kind: "state", from: "tcp-connecting", to: state, since: connecting, cause: "requested" });
    since = back;
  }
  // As an agent ends that is stopped: what it does not say, nobody knows.
  events.push({ at: toMs, kind: "state", from: state, to: "unknown", since, cause: "agent-stopped" });
  const strength = 10 + Math.floor(random() * 16);
  for (let at = fromMs + 1_000; at < toMs; at += SIGNAL_EVERY_MS)
    events.push({ at, kind: "signal", rssi: strength + Math.floor(random() * 5), ber: 0, cell });
  return events.sort((a, b) => a.at - b.at);
}

function* outagesOf(index: number, cell: string, fromMs: number, toMs: number, random: () => number) {
  for (const shared of TOGETHER)
    if (shared.cell === undefined || shared.cell === cell)
      yield {
        at: toMs - shared.hoursAgo * HOUR_MS + Math.floor(random() * 2 * MINUTE_MS),
        awayMs: shared.minutes * MINUTE_MS + Math.floor(random() * 3 * MINUTE_MS),
        trouble: "heartbeat-lost" as Trouble,
      };
  // Some modules have a bad place: they are lost several times a day, the others once in a few days.
  const everyMs = (index % 7 === 3 ? 5 : 40) * HOUR_MS;
  for (let at = fromMs + random() * everyMs; at < toMs; at += (0.3 + random()) * everyMs)
    yield {
      at: Math.floor(at),
      awayMs: Math.floor((1 + random() ** 3 * 90) * MINUTE_MS),
      trouble: TROUBLES[Math.floor(random() * TROUBLES.length)] ?? "heartbeat-lost",
    };
}

/** Tells a server a device's past as its agent does after a time without a link. Resolves when all of it is stored. */
export async function tellPast(url: string, token: string, events: readonly UnnumberedEvent[]): Promise<void> {
  const numbered: NumberedEvent[] = events.map((event, index) => ({ ...event, seq: index + 1 }));
  const agent = await new TestAgent(url, token).opened();
  agent.sayHello({ epoch: EPOCH });
  await agent.next("welcome", 0, PATIENCE_MS);
  for (let first = 0; first < numbered.length; first += BATCH) {
    const batch = numbered.slice(first, first + BATCH);
    agent.events(batch, EPOCH);
    await agent.acked(first + batch.length, { epoch: EPOCH, timeoutMs: PATIENCE_MS });
  }
  await agent.leave();
}

/** Numbers that look like chance and are the same for the same seed: mulberry32. @returns 0 to 1 */
function randomOf(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
