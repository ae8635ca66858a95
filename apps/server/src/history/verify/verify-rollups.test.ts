import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import fc from "fast-check";
import pino from "pino";
import { EventWriter } from "../../ingest/event-writer";
import { FleetServer } from "../../test-support/fleet-server";
import { handedIn } from "../../test-support/history/handed-in";
import { recompute } from "../../test-support/history/recompute";
import { storedRollups } from "../../test-support/history/stored-rollups";
import { step, tell, type ToldHistory } from "../../test-support/history/told-history";
import { readVerifyOptions, verifyRollups } from "../../verify-rollups";

const DAY_MS = 86_400_000;
const day = (offset: number) => new Date((Math.floor(Date.now() / DAY_MS) + offset) * DAY_MS);
const dayName = (offset: number) => day(offset).toISOString().slice(0, 10);

type Story = ToldHistory & { deviceId: string };

/** The same for each day of a week, of which `$` is the number. */
const ofDays = (assignment: string) =>
  Array.from({ length: 7 }, (_, index) => assignment.replaceAll("$", String(index))).join(", ");

describe("npm run rollups:verify", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let stories: Story[];

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url, { logLevel: "warn" });
    stories = await makeStories(8, 316);
    for (const story of stories) await write(story);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const query = (sql: string, values: unknown[] = []) => server.database.pool.query(sql, values);
  const verify = (...args: string[]) =>
    verifyRollups(
      { databaseUrl: database.url, dataDir: "unused", retentionDays: 90 },
      readVerifyOptions(args),
      pino({ level: "silent" }),
    );
  const stored = () =>
    storedRollups(
      server.database.pool,
      stories.map(({ deviceId }) => deviceId),
    );
  /** Tables with differences, and how many. */
  const found = ({ report }: { report: string }) =>
    Object.fromEntries(
      [...report.matchAll(/^(\w+) +([1-9]\d*) differences$/gm)].map(([, table, count]) => [table, Number(count)]),
    );

  /** Of about two days each. */
  const makeStories = (count: number, seed: number): Promise<Story[]> =>
    Promise.all(
      fc.sample(fc.array(step, { minLength: 40, maxLength: 40 }), { numRuns: count, seed }).map(async (steps) => ({
        deviceId: (await server.createDevice()).id,
        ...tell(steps, day(-3).getTime()),
      })),
    );

  async function write({ deviceId, epochs }: Story): Promise<void> {
    const writer = server.app.get(EventWriter, { strict: false });
    for (const [index, events] of epochs.entries())
      for (let from = 0; from < events.length; from += 5)
        await writer.write([handedIn(deviceId, events.slice(from, from + 5), index + 1)]);
  }

  it("finds nothing where nothing is wrong, and says what it compared", async () => {
    const { isRight, report } = await verify();
    expect(report).toMatch(new RegExp(`^8 devices, 96 hours from ${dayName(-3)} to ${dayName(1)} \\(UTC\\)\\.\n`));
    expect(found({ report })).toEqual({});
    expect(isRight).toBe(true);
    expect((await verify("--from", dayName(-2), "--to", dayName(0))).report).toContain(", 48 hours");
  });

  it.each([
    ["connection_interval", "UPDATE connection_interval SET began = began - interval '1 ms'", "every"],
    ["connection_interval", "UPDATE connection_interval SET state = 'tcp-connected', cause = 'requested'", "some"],
    ["connection_interval", "DELETE FROM connection_interval", "every"],
    [
      "connection_interval",
      `INSERT INTO connection_interval
       SELECT device_id, epoch, seq + 1000, state, began, ended, cause, config_version FROM connection_interval`,
      "some",
    ],
    ["availability_day", `UPDATE availability_week SET ${ofDays("known_$ = known_$ + (known_$ > 0)::int")}`, "every"],
    ["availability_day", "UPDATE availability_week SET connected_begins = known_begins, known_begins = 0", "some"],
    ["availability_day", "DELETE FROM availability_week", "every"],
    ["timeout_hour", "UPDATE timeout_hour SET ping = ping + 3", "every"],
    ["disconnect_hour", "DELETE FROM disconnect_hour WHERE cause <> 'unknown'", "some"],
    ["connect_hour", "UPDATE connect_hour SET count = count * 2", "every"],
    ["reconnect_hour", "UPDATE reconnect_hour SET attempts = attempts + 1", "every"],
    ["signal_hour", "UPDATE signal_hour SET min_dbm = -120, max_dbm = 0", "every"],
    ["signal_hour", "UPDATE signal_hour SET samples = 99, sum_dbm = -1", "every"],
    ["fleet_hour", "DELETE FROM fleet_hour", "every"],
    ["fleet_hour", "UPDATE fleet_hour SET slot = slot + 1, value = value - 1", "every"],
    ["outage", "DELETE FROM outage", "every"],
    ["outage", "UPDATE outage SET unknown_ms = unknown_ms + 1, cell = 'nowhere', cause = 'gave-up'", "every"],
    ["outage", "UPDATE outage SET began = began - interval '1 hour'", "every"],
    ["outage_progress", "DELETE FROM outage_progress", "every"],
    [
      "outage_progress",
      "UPDATE outage_progress SET connecting_since = now(), known_state = 'connected', began = now(), cause = 'unknown'",
      "every",
    ],
  ])("finds and repairs what is wrong in %s after %s", async (table, damage, extent) => {
    const rows = Number((await query(`SELECT count(*) FROM ${table}`)).rows[0].count);
    const { rowCount } = await query(damage);
    expect(rowCount).toBeGreaterThan(0);
    const before = found(await verify());
    if (extent === "every") expect(before[table]).toBe(rows);
    else expect(before[table]).toBeGreaterThan(0);

    const repaired = await verify("--repair");
    expect(found(repaired)[table]).toBe(before[table]);
    expect(repaired).toMatchObject({ isRight: true, report: expect.stringContaining("All of them were repaired.") });
    expect(found(await verify())).toEqual({});
    expect(await stored()).toEqual(recompute(stories));
  });

  it("repairs while events come in, and neither loses what they bring nor counts it twice", async () => {
    const late = await makeStories(20, 7);
    await query("UPDATE connection_interval SET ended = ended + interval '1 ms'");
    await query("DELETE FROM outage");
    await query("UPDATE fleet_hour SET value = value + 5");
    const repairs = (async () => {
      for (let round = 0; round < 4; round++) await verify("--repair");
    })();
    await Promise.all(late.map(write));
    await repairs;
    stories.push(...late);
    expect(found(await verify())).toEqual({});
    expect(await stored()).toEqual(recompute(stories));
  });

  it("counts removed devices on, in the fleet's past and their own", async () => {
    expect((await server.request("DELETE", `devices/${stories[0]!.deviceId}`)).status).toBe(204);
    expect(found(await verify("--repair"))).toEqual({});
    expect(await stored()).toEqual(recompute(stories));
  });

  it.each([
    [["--from", "yesterday"], "--from has a wrong value: expected a day such as 2026-11-27"],
    [["--to", "2026-02-31x"], "--to has a wrong value"],
    [["--fix"], "--fix"],
    [["--from", dayName(1)], "must lie before"],
  ])("refuses %j", async (args, message) => {
    await expect((async () => verify(...args))()).rejects.toThrow(message);
  });

  it("does not let two repairs add the same twice", async () => {
    const other = await server.database.pool.connect();
    await other.query("SELECT pg_advisory_lock(316019)");
    await expect(verify("--repair")).rejects.toThrow("Another process");
    await other.query("SELECT pg_advisory_unlock(316019)");
    other.release();
  });

  it("leaves alone what raw events do not reach back to", async () => {
    const before = await stored();
    await query(`DROP TABLE module_event_${dayName(-3).replaceAll("-", "")}`);
    await expect(verify("--from", dayName(-3))).rejects.toThrow(`from ${dayName(-2)} on`);
    const { report } = await verify("--repair");
    expect(report).toContain(", 72 hours");
    expect(found({ report })).toEqual({});
    expect(await stored()).toEqual(before);
    // What can still be told of is still watched over.
    await query("UPDATE connection_interval SET cause = 'gave-up' WHERE ended >= $1", [day(-2)]);
    expect(found(await verify()).connection_interval).toBeGreaterThan(0);
  });
});
