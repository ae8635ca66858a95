import type { FleetClient } from "@mn316-fleet/client";
import type { Interval, LinkSession, StoredEvent } from "@mn316-fleet/contracts";
import type { Range } from "../../common/time-range";

export interface TimeLineData extends Range {
  /** The module's states, and the agent's connections to the server. */
  intervals: Interval[];
  sessions: LinkSession[];
  /** What happened, but for readings of the signal. */
  marks: StoredEvent[];
  /** Readings of the signal, the oldest first: ms since 1970, and dBm, null where the module could not tell. */
  signal: { atMs: number[]; dbm: (number | null)[] };
}

const LIMIT = 500;
/** So many pages of readings are asked for at most: a day of one every 30 s. */
const SIGNAL_PAGES = 6;
const NO_SIGNAL = 99; // 27.007 §8.5

/** Everything that a time line shows. */
export async function loadTimeLine(
  client: FleetClient,
  deviceId: string,
  { fromMs, toMs }: Range,
  signal: AbortSignal,
): Promise<TimeLineData> {
  const range = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), limit: LIMIT };
  const call = { signal };
  const [intervals, sessions, events, readings] = await Promise.all([
    client.devices.intervals(deviceId, range, call),
    client.devices.linkSessions(deviceId, range, call),
    client.devices.events(deviceId, range, call),
    loadReadings(client, deviceId, range, signal),
  ]);
  const oldestFirst = readings.toReversed();
  return {
    ...{ fromMs, toMs, intervals: intervals.items, sessions: sessions.items },
    marks: events.items.filter(({ kind }) => kind !== "signal" && kind !== "ping"),
    signal: {
      atMs: oldestFirst.map(({ at }) => Date.parse(at)),
      dbm: oldestFirst.map(({ rssi }) => (Number(rssi) === NO_SIGNAL ? null : 2 * Number(rssi) - 113)),
    },
  };
}

async function loadReadings(
  client: FleetClient,
  deviceId: string,
  range: { from: string; to: string; limit: number },
  signal: AbortSignal,
): Promise<StoredEvent[]> {
  const readings: StoredEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < SIGNAL_PAGES; page++) {
    const { items, next } = await client.devices.events(deviceId, { ...range, kind: "signal", cursor }, { signal });
    readings.push(...items);
    if (next === null) break;
    cursor = next;
  }
  return readings;
}
