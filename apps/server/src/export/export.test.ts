import { ROLLUP_NAMES } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { parse } from "csv-parse/sync";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { gunzipSync } from "node:zlib";
import { DevicesModule } from "../devices/devices.module";
import { HistoryModule } from "../history/history.module";
import { inWeek, weekOf } from "../history/rollups/availability-weeks";
import { addition, ROLLUPS } from "../history/rollups/rollup-tables";
import { Sums } from "../history/rollups/sums";
import { TestApp } from "../test-support/test-app";
import { ExportModule } from "./export.module";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Within the retention: the upkeep that runs at the server's start leaves it alone. */
const DAY = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS;
const iso = (ms: number) => new Date(ms).toISOString();
/** Texts that break what is written without care. */
const HOSTILE = [
  'quote " comma , semicolon ;',
  "line\nfeed",
  "carriage\rreturn\r\n",
  "=cmd|' /C calc'!A0",
  "\u0001\u001f\ufffd\u2028",
  "Öl 温度 🛰️ \u0301",
  "\\u0000 \\n",
  "",
];

describe("exports", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  let north: string;
  let south: string;
  /** Has no row in the register any more. */
  const removed = crypto.randomUUID();

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, HistoryModule, ExportModule], testDatabase.url);
    north = (await server.ok("POST", "devices", { name: "n", tags: ["north"] })).id;
    south = (await server.ok("POST", "devices", { name: "s", tags: ["south"] })).id;
    for (const id of [north, south, removed]) await seed(id);
    // After its history: the upkeep that runs at the server's start forgets unknown devices that have none.
    await query("INSERT INTO device_fleet VALUES ($1, 0)", [removed]);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const query = (sql: string, values: unknown[] = []) => server.database.pool.query(sql, values);
  async function seed(id: string): Promise<void> {
    for (const [index, line] of HOSTILE.entries())
      await query(`INSERT INTO module_event VALUES ($1, 1, $2, $3, $4, 'urc', $5)`, [
        id,
        index + 1,
        iso(DAY + index * HOUR_MS),
        iso(DAY + index * HOUR_MS + 5),
        JSON.stringify({ line, level: -1 }),
      ]);
    await query("INSERT INTO module_event VALUES ($1, 2, 1, $2, $2, 'ping', '{}')", [id, iso(DAY + 30 * HOUR_MS)]);
    await query("INSERT INTO outbox_position VALUES ($1, 1, $2), ($1, 2, 0)", [id, HOSTILE.length]);
    await query(
      `INSERT INTO connection_interval VALUES ($1, 1, 1, 'connected', $2, $3, 'heartbeat-lost', 4),
                                              ($1, 1, 9, 'disconnected', $3, $4, 'requested', NULL)`,
      [id, iso(DAY), iso(DAY + 90_500), iso(DAY + 2 * HOUR_MS)],
    );
    await query(
      "INSERT INTO link_session (device_id, node, began, ended, close_code) VALUES ($1, 'a', $2, $3, 1006), ($1, '=b', $3, NULL, NULL)",
      [id, iso(DAY), iso(DAY + HOUR_MS)],
    );
    await query("INSERT INTO timeout_hour VALUES ($1, $2, 1, 2, 3, 4, 5, 6)", [id, iso(DAY)]);
    await query("INSERT INTO disconnect_hour VALUES ($1, $2, 'heartbeat-lost', 2), ($1, $2, 'requested', 1)", [
      id,
      iso(DAY),
    ]);
    await query("INSERT INTO connect_hour VALUES ($1, $2, 10, 2), ($1, $2, 9, 1)", [id, iso(DAY)]);
    await query("INSERT INTO reconnect_hour VALUES ($1, $2, 7)", [id, iso(DAY)]);
    await query("INSERT INTO signal_hour VALUES ($1, $2, 2, -160, -90, -70)", [id, iso(DAY)]);
    for (const [dayMs, connectedMs, knownMs] of [
      [DAY, 1, 2],
      [DAY + DAY_MS, 3, 4],
    ] as const) {
      const day = dayMs / DAY_MS;
      const values = inWeek(day, { connectedMs, knownMs, connectedBegins: 0, knownBegins: 1 });
      const sums = new Sums(ROLLUPS.availability_week);
      sums.add([id, weekOf(day)], values);
      await query(addition("availability_week", 1).sql, sums.columns());
    }
    await query(
      "INSERT INTO outage VALUES ($1, 1, 9, $2, $3, 5, 'heartbeat-lost', '@cell', 4), ($1, 2, 1, $3, $4, 0, 'requested', NULL, NULL)",
      [id, iso(DAY), iso(DAY + HOUR_MS), iso(DAY + 2 * HOUR_MS)],
    );
    await query(
      "INSERT INTO fleet_hour VALUES ($1, 'state', 'connected', 0, 5, 0), ($1, 'state', 'connected', 1, 6, 0) ON CONFLICT DO NOTHING",
      [iso(DAY)],
    );
  }

  const get = async (resource: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/api/v1/export/${resource}`, {
      headers: { authorization: `Bearer ${server.adminKey}`, ...headers },
    });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const withFormat = (resource: string, format: string) =>
    `${resource}${resource.includes("?") ? "&" : "?"}format=${format}`;
  const ndjson = async (resource: string): Promise<Record<string, unknown>[]> => {
    const { response, bytes } = await get(withFormat(resource, "ndjson"));
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/x-ndjson; charset=utf-8",
    ]);
    const lines = bytes.toString().split("\n");
    expect(lines.pop()).toBe("");
    return lines.map((line) => JSON.parse(line));
  };
  const csv = async (resource: string): Promise<Record<string, string>[]> => {
    const { response, bytes } = await get(withFormat(resource, "csv"));
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
    return parse(bytes, { columns: true });
  };
  const parquet = async (resource: string): Promise<Record<string, unknown>[]> => {
    const { response, bytes } = await get(withFormat(resource, "parquet"));
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/vnd.apache.parquet"]);
    return parquetReadObjects({
      file: new Uint8Array(bytes).buffer,
      compressors: { GZIP: (input) => gunzipSync(input) },
    });
  };
  /** What Parquet and CSV say, in the words of JSON. */
  const plain = (value: unknown): unknown =>
    value instanceof Date ? value.toISOString() : typeof value === "bigint" ? Number(value) : value;
  const asCsv = (value: unknown) => {
    if (value === null) return "";
    return typeof value === "string" ? value.replace(/^(?=[=+@\t\r])/, "'") : JSON.stringify(value);
  };
  const mapped = (rows: Record<string, unknown>[], change: (value: unknown) => unknown) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)])));

  it("of events hold in every format exactly what is stored, by device and in its order, hostile texts included", async () => {
    const { rows: stored } = await query(
      `SELECT device_id AS "deviceId", epoch::int, seq::int, at, received_at AS "receivedAt", kind, fields
         FROM module_event ORDER BY device_id, epoch, seq`,
    );
    expect(stored).toHaveLength(3 * (HOSTILE.length + 1));
    expect(await ndjson("events")).toEqual(
      stored.map(({ deviceId, epoch, seq, at, receivedAt, kind, fields }) => ({
        ...{ deviceId, epoch, seq, kind, ...fields },
        ...{ at: at.toISOString(), receivedAt: receivedAt.toISOString() },
      })),
    );
    const columns = mapped(stored, plain).map((row) => ({ ...row, fields: JSON.stringify(row.fields) }));
    expect(mapped(await parquet("events"), plain)).toEqual(columns);
    expect(await csv("events")).toEqual(mapped(columns, asCsv));
    expect((await get("events")).bytes.toString().split("\r\n")[0]).toBe(
      "deviceId,epoch,seq,at,receivedAt,kind,fields",
    );
  });

  it("of intervals, link sessions and each rollup say the same in every format", async () => {
    const names = ["intervals", "link-sessions", ...ROLLUP_NAMES.map((name) => `rollups/${name}`)];
    const sources: Record<string, string> = {
      intervals: "connection_interval",
      "link-sessions": "link_session",
      "rollups/fleet-hour": "fleet_hour WHERE slot = 0",
      "rollups/state-hour": "connection_interval, generate_series(1, CASE state WHEN 'connected' THEN 1 ELSE 2 END)",
    };
    for (const name of names) {
      const objects = await ndjson(name);
      const { rowCount } = await query(
        `SELECT 1 FROM ${sources[name] ?? name.replace("rollups/", "").replace("-", "_")}`,
      );
      expect([name, objects.length]).toEqual([name, rowCount]);
      const fromParquet = mapped(await parquet(name), plain);
      // A day is a date there, which JavaScript reads as its first moment.
      if (name === "rollups/availability-day")
        for (const row of fromParquet) row.day = String(row.day).slice(0, iso(DAY).indexOf("T"));
      expect([name, fromParquet]).toEqual([name, objects]);
      expect([name, await csv(name)]).toEqual([name, mapped(objects, asCsv)]);
    }
    expect((await ndjson(`intervals?deviceId=${north}`))[0]).toEqual({
      ...{ deviceId: north, state: "connected", began: iso(DAY), ended: iso(DAY + 90_500), seconds: 90.5 },
      ...{ cause: "heartbeat-lost", configVersion: 4 },
    });
    expect(await ndjson("rollups/fleet-hour")).toEqual([
      { hour: iso(DAY), metric: "state", key: "connected", value: 11 },
    ]);
    expect(await ndjson(`rollups/state-hour?deviceId=${removed}`)).toEqual([
      { deviceId: removed, hour: iso(DAY), state: "connected", ms: 90_500 },
      { deviceId: removed, hour: iso(DAY), state: "disconnected", ms: HOUR_MS - 90_500 },
      { deviceId: removed, hour: iso(DAY + HOUR_MS), state: "disconnected", ms: HOUR_MS },
    ]);
    expect((await ndjson(`rollups/signal-hour?deviceId=${removed}`))[0]).toEqual({
      ...{ deviceId: removed, hour: iso(DAY), samples: 2, sumDbm: -160, minDbm: -90, maxDbm: -70 },
    });
  });

  it("have the columns' types in Parquet", async () => {
    const { bytes } = await get("events?format=parquet");
    const { schema, num_rows: rows } = parquetMetadata(new Uint8Array(bytes).buffer);
    expect(Number(rows)).toBe(3 * (HOSTILE.length + 1));
    expect(schema.slice(1).map(({ name, type, logical_type: logical }) => [name, type, logical?.type])).toEqual([
      ["deviceId", "BYTE_ARRAY", "STRING"],
      ["epoch", "INT64", undefined],
      ["seq", "INT64", undefined],
      ["at", "INT64", "TIMESTAMP"],
      ["receivedAt", "INT64", "TIMESTAMP"],
      ["kind", "BYTE_ARRAY", "STRING"],
      ["fields", "BYTE_ARRAY", "STRING"],
    ]);
    expect(schema[4]?.logical_type).toMatchObject({ isAdjustedToUTC: true, unit: "MILLIS" });
  });

  it("of devices are the register with the last that is known, tags as the import reads them", async () => {
    const [tagged] = await ndjson("devices?tag=north");
    const shown = await server.ok("GET", `devices/${north}`);
    expect(tagged).toEqual({
      ...{ deviceId: north, name: "n", imei: null, tags: ["north"], timeZone: null, createdAt: shown.createdAt },
      ...{ online: false, linkSince: null, agentVersion: null, moduleState: "unknown", moduleSince: null, cause: null },
      ...{ firmware: null, signalDbm: null, cell: null, desiredVersion: 0, reportedVersion: 0, configStatus: "none" },
    });
    const { id } = await server.ok("POST", "devices", { name: "=1+1", imei: "866207050000017", tags: ["a", "b"] });
    const [line] = await csv(`devices?deviceId=${id}&tag=a`);
    expect(line).toMatchObject({ deviceId: id, name: "'=1+1", imei: "866207050000017", tags: "a;b", online: "false" });
    expect((await parquet("devices")).map(({ name, online }) => [name, online])).toEqual(
      expect.arrayContaining([
        ["n", false],
        ["s", false],
        ["=1+1", false],
      ]),
    );
    await server.ok("DELETE", `devices/${id}`);
    expect(await ndjson("devices")).toHaveLength(2);
  });

  it("show the interval that still lasts at the end of its device's", async () => {
    await query(
      "UPDATE device_state SET online = true, module_state = 'connected', module_since = $2, state_epoch = 1 WHERE device_id = $1",
      [north, iso(DAY + 2 * HOUR_MS)],
    );
    const intervals = await ndjson(`intervals?deviceId=${north}`);
    expect(intervals).toHaveLength(3);
    expect(intervals.at(-1)).toMatchObject({
      state: "connected",
      began: iso(DAY + 2 * HOUR_MS),
      ended: null,
      cause: null,
    });
    expect(intervals.at(-1)?.seconds).toBeGreaterThan(3_600);
    expect(await ndjson(`intervals?deviceId=${north}&from=${iso(DAY + 3 * HOUR_MS)}`)).toHaveLength(1);
    await query("UPDATE device_state SET online = false WHERE device_id = $1", [north]);
  });

  it.each<[resource: string, count: number]>([
    [`events?from=${iso(DAY + HOUR_MS)}&to=${iso(DAY + 3 * HOUR_MS)}`, 6],
    ["events?kind=ping", 3],
    ["events?kind=ping,urc&tag=north", HOSTILE.length + 1],
    ["events?kind=signal", 0],
    ["events?tag=nobody", 0],
    [`events?selector=${encodeURIComponent('{"anyTag":["north","south"]}')}`, 2 * (HOSTILE.length + 1)],
    [`events?selector=${encodeURIComponent('{"anyTag":["north","south"]}')}&tag=south`, HOSTILE.length + 1],
    [`events?deviceId=${removed}`, HOSTILE.length + 1],
    [`events?deviceId=${removed.toUpperCase()}`, HOSTILE.length + 1],
    [`events?deviceId=${removed}&tag=north`, 0],
    [`intervals?state=connected&cause=heartbeat-lost,requested`, 3],
    [`intervals?from=${iso(DAY + 90_500)}`, 3],
    [`link-sessions?to=${iso(DAY + HOUR_MS)}`, 3],
    [`link-sessions?from=${iso(DAY + HOUR_MS)}`, 3],
    [`rollups/state-hour?from=${iso(DAY + 1)}`, 3],
    [`rollups/state-hour?from=${iso(DAY)}&to=${iso(DAY + 1)}`, 6],
    [`rollups/availability-day?from=${iso(DAY + 1)}&tag=north`, 1],
    [`rollups/fleet-hour?to=${iso(DAY)}`, 0],
    [`rollups/outage?from=${iso(DAY + HOUR_MS)}&deviceId=${removed}`, 1],
  ])("narrow to what is asked: %s", async (resource, count) => {
    expect(await ndjson(resource)).toHaveLength(count);
    expect(await csv(resource)).toHaveLength(count);
    expect(await parquet(resource)).toHaveLength(count);
  });

  it("are files with a name, gzipped for those who take that", async () => {
    const { response, bytes } = await get("events");
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="events-\d{8}T\d{5,6}\.csv"$/);
    expect(response.headers.get("content-encoding")).toBe("gzip"); // fetch asks for it, and unpacks it
    const unpacked = await get("events", { "accept-encoding": "gzip;q=0, identity" });
    expect(unpacked.response.headers.get("content-encoding")).toBeNull();
    expect(unpacked.bytes).toEqual(bytes);
    const columnar = await get("events?format=parquet");
    expect(columnar.response.headers.get("content-encoding")).toBeNull();
    const head = await fetch(`${server.url}/api/v1/export/events`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${server.adminKey}` },
    });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it.each([
    ["events?format=xml", ["format"]],
    ["events?kind=ping,nonsense", ["kind.1"]],
    ["events?from=yesterday&deviceId=1", ["deviceId", "from"]],
    [`events?from=${iso(DAY)}&to=${iso(DAY)}`, ["from"]],
    ["events?selector={", ["selector"]],
    ["events?selector={}", ["selector"]],
    ["events?state=connected", ["state"]],
    ["intervals?state=asleep&cause=why", ["cause.0", "state.0"]],
    ["rollups/nothing", ["name"]],
    ["rollups/fleet-hour?tag=a&deviceId=6f9619ff-8b86-4d01-b42d-00cf4fc964ff", ["deviceId", "tag"]],
  ])("refuse %s naming %j", async (resource, paths) => {
    const answer = await server.request("GET", `export/${resource}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
  });
});
