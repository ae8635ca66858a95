import { createTestDatabase, findTestRedis, type TestDatabase } from "@mn316-fleet/testkit";
import { Pool } from "pg";
import pino from "pino";
import { notificationsOf, Notification } from "./notification";
import { PostgresSignals } from "./postgres-signals";
import { RedisSignals } from "./redis-signals";
import { signalsContract } from "./signals.contract";

const silent = pino({ level: "silent" });
const redis = await findTestRedis();

describe("signals over postgres", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.url });
    pool.on("error", () => undefined);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  signalsContract("PostgreSQL LISTEN/NOTIFY", () => ({
    open: () => PostgresSignals.open(database.url, pool, silent),
    cutConnections: async () => {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'mn316-fleet signals'`,
      );
    },
  }));
});

(redis ? describe : describe.skip)("signals over redis", () => {
  signalsContract("Redis", () => ({
    open: () => Promise.resolve(new RedisSignals(redis!.url, redis!.prefix, silent)),
    cutConnections: () => redis!.cut(`${redis!.prefix}-signals`),
  }));
});

describe("a notification", () => {
  const signal = { channel: "c", payload: "x".repeat(20_000) };

  it("passes over what nobody of ours has sent", () => {
    for (const payload of ["", "hello", "{", "{}", '"c"', "0/x:", "3/2:abc", "0/1:abc", "1/0:"])
      expect(new Notification().take(payload)).toBeUndefined();
  });

  it("is put together from its parts, and a torn one spoils no other", () => {
    const parts = notificationsOf(signal);
    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThan(8_000);
    const notification = new Notification();
    for (const part of parts.slice(1)) expect(notification.take(part)).toBeUndefined();
    for (const part of [...parts.slice(0, 2), ...parts.slice(0, -1)]) expect(notification.take(part)).toBeUndefined();
    expect(notification.take(parts.at(-1)!)).toEqual(signal);
  });
});
