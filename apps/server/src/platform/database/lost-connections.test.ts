import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { pino } from "pino";
import { DatabaseLine } from "../../../../e2e/src/chaos/world/database-line";
import { isDatabaseAway } from "../problems/database-away";
import { PostgresSignals } from "../signals/postgres-signals";
import { PgDatabase } from "./pg-database";

const SILENCE_MS = 1_000;

describe("connections to PostgreSQL that are lost without a reset", () => {
  let testDatabase: TestDatabase;
  let line: DatabaseLine;
  let database: PgDatabase;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    line = new DatabaseLine(testDatabase.url);
    await line.open();
    database = new PgDatabase(line.url, () => undefined, SILENCE_MS);
  }, 60_000);
  afterEach(() => {
    line.mend();
    line.endLost();
  });
  afterAll(async () => {
    await database.close();
    await line.close();
    await testDatabase.drop();
  });

  it("are given up, whatever waits for them, as if PostgreSQL were away; others take their place", async () => {
    await database.prisma.$queryRaw`SELECT 1`;
    const failed = async (work: Promise<unknown>) =>
      isDatabaseAway(
        await work.then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
    const began = performance.now();
    const inTransaction = database.transaction(async (tx) => {
      line.swallow();
      await tx.query("SELECT 1");
    });
    expect(await failed(inTransaction)).toBe(true);
    line.mend();
    await database.pool.query("SELECT 1");
    const [first, second] = [database.ingestTransaction(swallowed), database.prisma.$queryRaw`SELECT pg_sleep(60)`];
    expect([await failed(first), await failed(second)]).toEqual([true, true]);
    line.mend();
    await database.ingestTransaction((tx) => tx.query("SELECT 1"));
    expect(performance.now() - began).toBeLessThan(30_000);
  }, 60_000);

  const swallowed = async (tx: { query(text: string): Promise<unknown> }) => {
    await tx.query("SELECT 1");
    line.swallow();
    await tx.query("SELECT 1");
  };

  it("hold no locks for long", async () => {
    const { rows } = await database.pool.query("SHOW idle_in_transaction_session_timeout");
    expect(rows).toEqual([{ idle_in_transaction_session_timeout: "30s" }]);
  });

  it("are not what signals are heard by", async () => {
    const signals = await PostgresSignals.open(line.url, database.pool, pino({ level: "silent" }), SILENCE_MS);
    const heard: unknown[] = [];
    await signals.subscribe("test", (payload) => heard.push(payload));
    line.swallow();
    line.mend();
    await eventually(async () => {
      await signals.publish("test", "still there?");
      expect(heard).toContain("still there?");
    });
    await signals.close();
  });
});
