import { KNOWN_MODULE_STATES, TIMEOUT_NAMES } from "@mn316-fleet/manual";
import type { FleetEvent } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import fc from "fast-check";
import type { BatchSender } from "../ingest/event-batch";
import { EventWriter } from "../ingest/event-writer";
import { FleetServer } from "../test-support/fleet-server";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 2, 29); // a day on which many zones change their clocks
/** Long enough for intervals of many hours, short enough for several within one. */
const PAUSES_MS = [0, 1, 999, 60_000, HOUR_MS - 1, HOUR_MS, 5 * HOUR_MS];

interface Step {
  pauseMs: number;
  kind: "state" | "timeout";
  value: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  pauseMs: fc.oneof(fc.constantFrom(...PAUSES_MS), fc.integer({ min: 0, max: 3 * HOUR_MS })),
  kind: fc.constantFrom("state", "timeout"),
  value: fc.nat(5),
});
/** What one agent has to tell, and how its batches are cut; `chance` orders and doubles them. */
const agentStory = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 30 }),
  batch: fc.integer({ min: 1, max: 7 }),
});

/** The events of a module that changes its state and has timeouts, numbered without a gap. */
function eventsOf(steps: readonly Step[]): FleetEvent[] {
  let at = START;
  let since = START;
  let from: (typeof KNOWN_MODULE_STATES)[number] = "initialized";
  return steps.map(({ pauseMs, kind, value }, index) => {
    at += pauseMs;
    if (kind === "timeout") return { seq: index + 1, at, kind, type: value + 1 };
    const to = KNOWN_MODULE_STATES[value]!;
    const event = { seq: index + 1, at, since, kind, from, to, cause: "heartbeat-lost" } as const;
    [since, from] = [at, to];
    return event;
  });
}

/** What the rollups must hold, from the events alone. */
function recompute(stories: { deviceId: string; events: FleetEvent[] }[]) {
  const states = new Map<string, number>();
  const timeouts = new Map<string, number>();
  const add = (sums: Map<string, number>, key: string, by: number) => sums.set(key, (sums.get(key) ?? 0) + by);
  for (const { deviceId, events } of stories)
    for (const event of events) {
      const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS;
      if (event.kind === "timeout")
        add(timeouts, `${deviceId} ${hourOf(event.at)} ${TIMEOUT_NAMES[event.type - 1]}`, 1);
      if (event.kind === "state")
        for (let hour = hourOf(event.since); hour < event.at; hour += HOUR_MS)
          add(
            states,
            `${deviceId} ${hour} ${event.from}`,
            Math.min(event.at, hour + HOUR_MS) - Math.max(event.since, hour),
          );
    }
  return { states: asObject(states), timeouts: asObject(timeouts) };
}

const asObject = (sums: Map<string, number>) => Object.fromEntries([...sums].filter(([, sum]) => sum > 0).sort());

describe("intervals and rollups", () => {
  let database: TestDatabase;
  let server: FleetServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    // The day is long past: the upkeep that starts with the server must not take it away under the test.
    server = await FleetServer.start(database.url, { logLevel: "warn", retentionDays: 9_999 });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const sender = (deviceId: string): BatchSender => ({
    deviceId,
    send: () => true,
    reject: () => undefined,
    close: () => undefined,
  });

  /** Hands in all batches, in any order and again and again, until everything is acknowledged. */
  async function deliver(stories: { deviceId: string; events: FleetEvent[]; batch: number }[], chance: () => number) {
    const writer = server.app.get(EventWriter, { strict: false });
    const pending = stories.flatMap(({ deviceId, events, batch }) =>
      Array.from({ length: Math.ceil(events.length / batch) }, (_, index) => ({
        deviceId,
        events: events.slice(index * batch, (index + 1) * batch),
      })),
    );
    while (pending.length > 0) {
      const chosen = pending.filter(() => chance() < 0.5).sort(() => chance() - 0.5);
      if (chosen.length === 0) continue;
      const written = await writer.write(
        [...chosen, ...chosen.filter(() => chance() < 0.3)].map(({ deviceId, events }) => ({
          sender: sender(deviceId),
          deviceId,
          epoch: 1,
          events: [...events].sort(() => chance() - 0.5),
          receivedAt: new Date(),
        })),
      );
      for (const { batch, acked } of written) {
        const last = Math.max(...batch.events.map(({ seq }) => seq));
        const index = pending.findIndex(
          ({ deviceId, events }) => deviceId === batch.deviceId && events.at(-1)?.seq === last,
        );
        // Most of what is done is not sent again, but some is.
        if (acked >= last && index >= 0 && chance() < 0.8) pending.splice(index, 1);
      }
    }
  }

  async function stored(deviceIds: string[]) {
    const { pool } = server.database;
    const states = await pool.query<{ device: string; hour: Date; state: string; ms: string }>(
      "SELECT device_id AS device, hour, state, ms FROM state_hour WHERE device_id = ANY ($1::uuid[])",
      [deviceIds],
    );
    const timeouts = await pool.query<Record<string, number> & { device_id: string; hour: Date }>(
      "SELECT * FROM timeout_hour WHERE device_id = ANY ($1::uuid[])",
      [deviceIds],
    );
    return {
      states: asObject(
        new Map(states.rows.map(({ device, hour, state, ms }) => [`${device} ${hour.getTime()} ${state}`, Number(ms)])),
      ),
      timeouts: asObject(
        new Map(
          timeouts.rows.flatMap((row) =>
            TIMEOUT_NAMES.map((name) => [`${row.device_id} ${row.hour.getTime()} ${name}`, row[name]!] as const),
          ),
        ),
      ),
    };
  }

  it("are what the raw events say, however these are shuffled, doubled and cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(agentStory, { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
        fc.array(fc.integer({ min: -HOUR_MS, max: 40 * HOUR_MS }), { minLength: 2, maxLength: 2 }),
        async (told, chances, bounds) => {
          const chance = () => chances.next().value as number;
          const stories = await Promise.all(
            told.map(async ({ steps, batch }) => ({
              deviceId: (await server.createDevice()).id,
              events: eventsOf(steps),
              batch,
            })),
          );
          await deliver(stories, chance);
          const deviceIds = stories.map(({ deviceId }) => deviceId);
          expect(await stored(deviceIds)).toEqual(recompute(stories));

          const [from, to] = [Math.min(...bounds) + START, Math.max(...bounds) + START + 1];
          const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
          for (const { deviceId, events } of stories) {
            const inRange = { connected: 0, known: 0, timeouts: 0 };
            for (const event of events) {
              if (event.kind === "timeout") inRange.timeouts += Number(event.at >= from && event.at < to);
              if (event.kind !== "state") continue;
              const ms = Math.max(0, Math.min(event.at, to) - Math.max(event.since, from));
              if (event.from !== "unknown") inRange.known += ms;
              if (event.from === "connected") inRange.connected += ms;
            }
            const { fleet } = await server.ok("GET", `analytics/availability?deviceId=${deviceId}&${range}`);
            expect([fleet.connectedSeconds, fleet.knownSeconds]).toEqual([
              inRange.connected / 1_000,
              inRange.known / 1_000,
            ]);
            const counted = await server.ok("GET", `analytics/timeouts?deviceId=${deviceId}&${range}`);
            const sum = (counts: Record<string, number>) => TIMEOUT_NAMES.reduce((all, name) => all + counts[name]!, 0);
            expect(sum(counted.totals)).toBe(inRange.timeouts);
            expect(counted.rows.reduce((all: number, row: Record<string, number>) => all + sum(row), 0)).toBe(
              inRange.timeouts,
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
