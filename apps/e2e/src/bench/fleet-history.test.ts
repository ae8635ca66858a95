import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { Client } from "pg";
import pino from "pino";
import { readVerifyOptions, verifyRollups } from "../../../server/src/verify-rollups";
import { EVENTS_A_DEVICE, FleetHistory } from "./fleet-history";

const DEVICES = 30;
const END = new Date(Math.floor(Date.now() / 1_000) * 1_000);

describe("the history that analytics are measured with", () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    const history = new FleetHistory(database.url, END);
    await history.fill(DEVICES);
    await history.close();
    client = new Client({ connectionString: database.url });
    await client.connect();
  }, 60_000);
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const count = async (table: string) => Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count);

  it("has rollups that are what its raw events say", async () => {
    expect(await count("module_event")).toBe(DEVICES * EVENTS_A_DEVICE);
    const settings = { databaseUrl: database.url, dataDir: "unused", retentionDays: 90 };
    const { isRight, report } = await verifyRollups(settings, readVerifyOptions([]), pino({ level: "silent" }));
    expect(report).toMatch(new RegExp(`^${DEVICES} devices, `));
    expect(report).not.toMatch(/ [1-9]\d* differences/);
    expect(isRight).toBe(true);
  }, 60_000);

  it("has as much in one hour as in another", async () => {
    const { rows } = await client.query(
      `SELECT kind, count(*)::int AS last FROM module_event WHERE at >= $1::timestamptz - interval '3 days' GROUP BY 1 ORDER BY 1`,
      [END],
    );
    // Of ten rounds of three days one.
    expect(rows).toEqual([
      { kind: "ping", last: DEVICES * 6 },
      { kind: "publish-ack", last: DEVICES * 3 },
      { kind: "signal", last: DEVICES * 4 },
      { kind: "state", last: DEVICES * 4 },
      { kind: "timeout", last: DEVICES * 3 },
    ]);
  });

  it("has the tables' indexes again", async () => {
    const other = await createTestDatabase();
    const names = `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
                    WHERE schemaname = 'public' AND tablename !~ '^module_event_' ORDER BY 1`;
    const fresh = new Client({ connectionString: other.url });
    await fresh.connect();
    try {
      expect((await client.query(names)).rows).toEqual((await fresh.query(names)).rows);
      // One of a parted table that a part does not have would be.
      expect((await client.query("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")).rows).toEqual([]);
    } finally {
      await fresh.end();
      await other.drop();
    }
  });
});
