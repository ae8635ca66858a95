import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import fc from "fast-check";
import { EventWriter } from "../ingest/event-writer";
import { FleetServer } from "../test-support/fleet-server";
import { handedIn } from "../test-support/history/handed-in";
import { recompute } from "../test-support/history/recompute";
import { storedRollups } from "../test-support/history/stored-rollups";
import { agentStory, tell, type ToldHistory } from "../test-support/history/told-history";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 2, 29); // a day on which many zones change their clocks

type Story = ToldHistory & { deviceId: string; batch: number };

describe("intervals and rollups", () => {
  let database: TestDatabase;
  let server: FleetServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    // The day is long past: the upkeep that starts with the server must not take it away under the test.
    server = await FleetServer.start(database.url, { logLevel: "warn", retentionDays: 9_999, historyDays: 9_999 });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  /** Hands in an epoch's batches, in any order and again and again, until everything is acknowledged. */
  async function deliver(epoch: number, stories: readonly Story[], chance: () => number) {
    const writer = server.app.get(EventWriter, { strict: false });
    const pending = stories.flatMap(({ deviceId, epochs, batch }) => {
      const events = epochs[epoch - 1] ?? [];
      return Array.from({ length: Math.ceil(events.length / batch) }, (_, index) => ({
        deviceId,
        events: events.slice(index * batch, (index + 1) * batch),
      }));
    });
    while (pending.length > 0) {
      const chosen = pending.filter(() => chance() < 0.5).sort(() => chance() - 0.5);
      if (chosen.length === 0) continue;
      const written = await writer.write(
        [...chosen, ...chosen.filter(() => chance() < 0.3)].map(({ deviceId, events }) =>
          handedIn(
            deviceId,
            [...events].sort(() => chance() - 0.5),
            epoch,
          ),
        ),
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

  it("are what the raw events say, however these are shuffled, doubled and cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(agentStory, { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
        fc.array(fc.integer({ min: -HOUR_MS, max: 40 * HOUR_MS }), { minLength: 2, maxLength: 2 }),
        async (told, chances, bounds) => {
          const chance = () => chances.next().value as number;
          const stories: Story[] = await Promise.all(
            told.map(async ({ steps, batch }) => ({
              deviceId: (await server.createDevice()).id,
              ...tell(steps, START),
              batch,
            })),
          );
          await server.database.pool.query("TRUNCATE fleet_hour");
          for (let epoch = 1; stories.some(({ epochs }) => epochs.length >= epoch); epoch++)
            await deliver(epoch, stories, chance);
          const deviceIds = stories.map(({ deviceId }) => deviceId);
          expect(await storedRollups(server.database.pool, deviceIds)).toEqual(recompute(stories));

          const [from, to] = [Math.min(...bounds) + START, Math.max(...bounds) + START + 1];
          const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
          for (const { deviceId, epochs } of stories) {
            const inRange = { connected: 0, known: 0, timeouts: 0 };
            for (const event of epochs.flat()) {
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
      { numRuns: 60 },
    );
  }, 120_000);
});
