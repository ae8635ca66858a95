import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { CAUSES } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import fc from "fast-check";
import { EventWriter } from "../ingest/event-writer";
import { FleetServer } from "../test-support/fleet-server";
import { handedIn } from "../test-support/history/handed-in";
import { agentStory, tell } from "../test-support/history/told-history";
import { type Told, ToldFigures, wallClock } from "./test-support/told-figures";

const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

/** Where clocks change within the first day of the history, and where hours are not those of UTC. */
const PLACES = [
  { timeZone: "UTC", startedAt: Date.UTC(2026, 2, 29) },
  { timeZone: "Europe/London", startedAt: Date.UTC(2026, 2, 28, 20) },
  { timeZone: "America/New_York", startedAt: Date.UTC(2025, 10, 1, 20) },
  { timeZone: "Asia/Kolkata", startedAt: Date.UTC(2026, 5, 1) },
  { timeZone: "Australia/Lord_Howe", startedAt: Date.UTC(2026, 3, 4, 5) },
  { timeZone: "Asia/Kathmandu", startedAt: Date.UTC(2026, 0, 31, 12) },
] as const;

type Row = Record<string, number> & { at: string; group: string };

describe("the figures of analytics", () => {
  let database: TestDatabase;
  let server: FleetServer;
  const all: Told[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    // The days are long past: the upkeep that starts with the server must not take them away under the test.
    server = await FleetServer.start(database.url, { logLevel: "warn", retentionDays: 9_999 });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  /** A device with that history, as its agent would have brought it. */
  async function told(history: Omit<Told, "deviceId">, createdAtMs: number, tags: string[]): Promise<Told> {
    const { id: deviceId } = await server.createDevice({ tags });
    await server.database.pool.query("UPDATE device SET created_at = $1 WHERE id = $2", [iso(createdAtMs), deviceId]);
    const writer = server.app.get(EventWriter, { strict: false });
    for (const [index, events] of history.epochs.entries())
      if (events.length > 0) await writer.write([handedIn(deviceId, events, index + 1)]);
    return { deviceId, ...history };
  }

  const ask = (question: string, query: Record<string, string>) =>
    server.ok("GET", `analytics/${question}?${new URLSearchParams(query).toString()}`);

  const sparse = (row: Record<string, unknown>, names: readonly string[]) =>
    Object.fromEntries(names.filter((name) => row[name] !== 0).map((name) => [name, row[name]]));
  /** Rows by what the wall's clock shows. */
  const byClock = (rows: Row[], clock: (ms: number) => string, names: readonly string[]) =>
    Object.fromEntries(rows.map((row) => [clock(Date.parse(row.at)), sparse(row, names)]));
  const known = (states: Record<string, number>) =>
    Object.entries(states).reduce((sum, [state, ms]) => sum + (state === "unknown" ? 0 : ms), 0) / 1_000;
  const seconds = (sums: Record<string, Record<string, number>>) =>
    Object.fromEntries(
      Object.entries(sums)
        .map(([key, states]) => [key, { connected: (states.connected ?? 0) / 1_000, known: known(states) }] as const)
        .filter(([, time]) => time.known > 0),
    );
  const levels = (counts: Record<string, number> = {}) => {
    const samples = Object.entries(counts).flatMap(([dbm, count]) => Array.from({ length: count }, () => Number(dbm)));
    const mean = samples.reduce((sum, dbm) => sum + dbm, 0) / samples.length;
    return { samples: samples.length, meanDbm: mean, minDbm: Math.min(...samples), maxDbm: Math.max(...samples) };
  };

  async function compare(figures: ToldFigures, query: Record<string, string>, unit: "hour" | "day"): Promise<void> {
    const clock = wallClock(query.timeZone!, unit);
    const whole = () => "all";

    const timeouts = await ask("timeouts", { ...query, bucket: unit });
    expect(byClock(timeouts.rows, clock, TIMEOUT_NAMES)).toEqual(figures.timeouts(clock));
    expect(sparse(timeouts.totals, TIMEOUT_NAMES)).toEqual(figures.timeouts(whole).all ?? {});

    const disconnects = await ask("disconnects", { ...query, bucket: unit });
    expect(byClock(disconnects.rows, clock, CAUSES)).toEqual(figures.disconnects(clock));

    const availability = await ask("availability", { ...query, bucket: unit, worst: "1000" });
    const states = figures.states(whole).all ?? {};
    expect([availability.fleet.connectedSeconds, availability.fleet.knownSeconds]).toEqual([
      (states.connected ?? 0) / 1_000,
      known(states),
    ]);
    expect(
      Object.fromEntries(
        (availability.series as Row[]).map(({ at, connectedSeconds, knownSeconds }) => [
          clock(Date.parse(at)),
          { connected: connectedSeconds, known: knownSeconds },
        ]),
      ),
    ).toEqual(seconds(figures.states(clock)));

    const signal = await ask("signal", { ...query, bucket: unit });
    const signals = figures.signals(clock);
    expect(signal.rows.map(({ at, ...rest }: Row) => [clock(Date.parse(at)), rest])).toEqual(
      signal.rows.map(({ at }: Row) => [clock(Date.parse(at)), levels(signals[clock(Date.parse(at))])]),
    );
    expect(signal.rows).toHaveLength(Object.keys(signals).length);

    const latency = await ask("connect-latency", { ...query, bucket: unit });
    expect(
      Object.fromEntries(latency.histogram.map(({ fromMs, connects }: Row) => [String(fromMs), connects])),
    ).toEqual(figures.connects(whole).all ?? {});
    expect(byClock(latency.rows, clock, ["connects"])).toEqual(
      Object.fromEntries(
        Object.entries(figures.connects(clock)).map(([key, counts]) => [
          key,
          { connects: Object.values(counts).reduce((sum, count) => sum + count, 0) },
        ]),
      ),
    );

    const outages = await ask("outages", query);
    const ended = figures.outages();
    const failures = ended.filter(({ cause }) => cause !== "requested");
    expect(outages.outages - outages.ongoing).toBe(failures.length);
    const downMs = failures.reduce((sum, { ms }) => sum + ms, 0);
    expect(outages.mttrSeconds).toEqual(
      failures.length > 0 ? expect.closeTo(downMs / failures.length / 1_000, 6) : null,
    );
    expect(outages.distribution.reduce((sum: number, { outages: count }: Row) => sum + count!, 0)).toBe(ended.length);
  }

  it("are what the raw events say, whatever cuts the hours and whoever's hours they are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(agentStory, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...PLACES),
        fc.tuple(fc.integer({ min: -HOUR_MS, max: 60 * HOUR_MS }), fc.integer({ min: -HOUR_MS, max: 60 * HOUR_MS })),
        fc.constantFrom("hour", "day"),
        fc.boolean(),
        // States that last through whole hours, and through whole days
        fc.constantFrom(1, 15),
        async (stories, { timeZone, startedAt }, bounds, unit, isWholeHours, slower) => {
          const tag = `t-${all.length}`;
          const own: Told[] = [];
          for (const { steps } of stories) {
            const slow = steps.map((step) => ({ ...step, pauseMs: step.pauseMs * slower }));
            own.push(await told(tell(slow, startedAt), startedAt, [tag]));
          }
          all.push(...own);
          const cut = (ms: number) => (isWholeHours ? Math.floor(ms / HOUR_MS) * HOUR_MS : ms);
          const fromMs = cut(startedAt + slower * Math.min(...bounds));
          const toMs = cut(startedAt + slower * Math.max(...bounds)) + HOUR_MS;
          const query = { timeZone, from: iso(fromMs), to: iso(toMs) };
          await compare(new ToldFigures(own, { fromMs, toMs }), { ...query, tag }, unit);
          await compare(new ToldFigures(all, { fromMs, toMs }), query, unit);

          const states = new ToldFigures(own, { fromMs, toMs }).states(() => "all").all ?? {};
          const existed = own.length * (toMs - Math.max(fromMs, startedAt));
          const { unknownShare, devices } = await ask("timeouts", { ...query, tag });
          expect(devices).toBe(own.length);
          if (existed <= 0) expect(unknownShare).toBeNull();
          else expect(unknownShare).toBeCloseTo(Math.max(0, 1 - (known(states) * 1_000) / existed), 9);
        },
      ),
      { numRuns: 20 },
    );
  }, 240_000);
});
