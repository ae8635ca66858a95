import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { get as httpGet, type IncomingMessage } from "node:http";
import { DevicesModule } from "../devices/devices.module";
import { HistoryModule } from "../history/history.module";
import { TestApp } from "../test-support/test-app";
import { ExportSlots } from "./export-slots";
import { ExportModule } from "./export.module";
import { ExportStore } from "./export.store";
import { Exports } from "./exports";

const ROWS = 90_000;
/** Far more than sockets and streams hold; the kernel keeps some 10 MB of a paused reader's bytes. */
const TEXT_DIGESTS = 32;
/** What may be under way between the database and a reader that reads nothing. */
const MOST_AHEAD = ROWS / 2;

/** Large exports, and what becomes of them when something is in their way. */
describe("an export under way", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  /** Rows that left the database since the test began. */
  let rowsRead = 0;
  let slots: ExportSlots;
  const readers: IncomingMessage[] = [];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, HistoryModule, ExportModule], testDatabase.url);
    slots = server.app.get(ExportSlots);
    const ids = Array.from({ length: 12 }, () => crypto.randomUUID());
    await query(
      `INSERT INTO module_event
       SELECT d, 1, n, now() - n * interval '1 second', now(), 'urc', jsonb_build_object('line', (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, $3) k))
         FROM unnest($1::uuid[]) d, generate_series(1, $2) n`,
      [ids, ROWS / ids.length, TEXT_DIGESTS],
    );
    // After the events: the upkeep forgets positions of unknown devices that have none.
    await query("INSERT INTO outbox_position SELECT unnest($1::uuid[]), 1, $2", [ids, ROWS / ids.length]);
    await query("INSERT INTO device_fleet SELECT unnest($1::uuid[]), 0", [ids]);
    const store = server.app.get(ExportStore);
    const pages = store.pages.bind(store);
    store.pages = async function* (...request) {
      for await (const rows of pages(...request)) {
        rowsRead += rows.length;
        yield rows;
      }
    };
  }, 120_000);
  beforeEach(() => {
    rowsRead = 0;
  });
  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.destroy();
    await eventually(() => expect(slots.size).toBe(0));
  });
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const query = (sql: string, values: unknown[] = []) => server.database.pool.query(sql, values);
  /** Asks, and reads nothing of the body yet. */
  const open = (resource: string, key = server.adminKey) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` };
      httpGet(`${server.url}/api/v1/export/${resource}`, { headers, agent: false }, (response) => {
        readers.push(response);
        response.on("error", () => undefined); // the tests look at `complete`
        resolve(response);
      }).on("error", reject);
    });
  const ended = (response: IncomingMessage) =>
    new Promise<void>((resolve) => {
      response.once("close", resolve).resume();
    });
  /** The number of rows read, once it stands still. */
  const standstill = async () => {
    let before = -1;
    return eventually(
      () => {
        const isStill = before === rowsRead && rowsRead > 0;
        before = rowsRead;
        if (!isStill) throw new Error("still reading");
        return rowsRead;
      },
      { everyMs: 500, timeoutMs: 20_000 },
    );
  };

  it.each(["csv", "ndjson", "parquet"])(
    "waits for its reader in %s, with few rows in memory",
    async (format) => {
      const response = await open(`events?format=${format}`);
      const ahead = await standstill();
      expect(ahead).toBeLessThan(MOST_AHEAD);
      let bytes = 0;
      let lines = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) lines++;
      });
      await ended(response);
      expect(response.complete).toBe(true);
      expect(rowsRead).toBe(ROWS);
      if (format === "parquet") expect(bytes).toBeGreaterThan(ROWS);
      else expect(lines).toBe(format === "csv" ? ROWS + 1 : ROWS);
    },
    90_000,
  );

  it("ends with its reader, and so does the query that runs", async () => {
    const lock = await server.database.pool.connect();
    const waiting = async () => {
      const { rows } = await query(
        `SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM link_session r%'`,
      );
      return rows[0]?.count;
    };
    await lock.query("BEGIN");
    await lock.query("LOCK TABLE link_session IN ACCESS EXCLUSIVE MODE");
    const request = httpGet(`${server.url}/api/v1/export/link-sessions?deviceId=${crypto.randomUUID()}`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
      agent: false,
    });
    request.on("error", () => undefined);
    await eventually(async () => expect(await waiting()).toBe(1));
    expect(slots.size).toBe(1);
    request.destroy();
    await eventually(async () => expect([await waiting(), slots.size]).toEqual([0, 0]));
    await lock.query("ROLLBACK");
    lock.release();

    const response = await open("events");
    await standstill();
    response.destroy();
    await eventually(() => expect(slots.size).toBe(0));
    const { pool } = server.database;
    await eventually(() => expect(pool.totalCount).toBe(pool.idleCount));
    expect(rowsRead).toBeLessThan(MOST_AHEAD);
  });

  it("is cut off when its reader takes nothing for too long, and so is seen not to be whole", async () => {
    const exports = server.app.get(Exports);
    const { stalledAfterMs } = exports;
    exports.stalledAfterMs = 400;
    try {
      const response = await open("events?format=ndjson");
      await eventually(() => expect(slots.size).toBe(0));
      await ended(response);
      expect(response.complete).toBe(false);
      expect(rowsRead).toBeLessThan(MOST_AHEAD);
    } finally {
      exports.stalledAfterMs = stalledAfterMs;
    }
  });

  it.each(["csv", "parquet"])("in %s that fails half-way never looks like a whole one", async (format) => {
    const response = await open(`events?format=${format}`);
    await standstill();
    await query("ALTER TABLE module_event RENAME COLUMN fields TO others");
    const tail: Buffer[] = [];
    response.on("data", (chunk: Buffer) => tail.splice(0, tail.length - 1, chunk));
    await ended(response);
    await query("ALTER TABLE module_event RENAME COLUMN others TO fields");
    expect(response.complete).toBe(false);
    if (format === "parquet") expect(Buffer.concat(tail).subarray(-4).toString()).not.toBe("PAR1");
  });

  it("that fails at once is told as any error, and gives its place back", async () => {
    await query("ALTER TABLE outage RENAME TO outage_away");
    const answer = await server.request("GET", "export/rollups/outage");
    await query("ALTER TABLE outage_away RENAME TO outage");
    expect(answer.status).toBe(500);
    expect(slots.size).toBe(0);
  });

  it("is one of few: a key has its share, and a node its limit", async () => {
    const keys: string[] = [];
    for (const name of ["a", "b"]) keys.push((await server.ok("POST", "api-keys", { name, role: "viewer" })).key);
    for (const key of keys) for (let count = 0; count < slots.perKey; count++) await open("events", key);
    expect(slots.size).toBe(slots.perNode);
    for (const [key, status] of [
      [keys[0]!, 429],
      [server.adminKey, 503],
    ] as const) {
      const answer = await server.request("GET", "export/events", undefined, { key });
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, "10"]);
    }
    readers[0]?.destroy();
    await eventually(() => expect(slots.size).toBe(slots.perNode - 1));
    expect((await open("events", keys[0])).statusCode).toBe(200);
  });

  it("ends when the server stops", async () => {
    const response = await open("events");
    await standstill();
    server.app.get(Exports).onModuleDestroy();
    await ended(response);
    expect(response.complete).toBe(false);
  });
});
