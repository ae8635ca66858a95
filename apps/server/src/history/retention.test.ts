import type { FleetEvent } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { EventWriter } from "../ingest/event-writer";
import { FleetServer } from "../test-support/fleet-server";
import { handedIn } from "../test-support/history/handed-in";
import { HistoryRetention } from "./retention";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const TABLES = [
  ...["timeout_hour", "disconnect_hour", "connect_hour", "reconnect_hour", "signal_hour"],
  ...["fleet_hour", "outage", "connection_interval"],
];
/** Is kept by the week: a day goes with the last one of its week. */
const BY_WEEK = "availability_week";

describe("the retention of history", () => {
  let database: TestDatabase;
  let nodes: FleetServer[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const adminKey = `mfk_${"k".repeat(43)}`;
    nodes = [await FleetServer.start(database.url, { adminKey }), await FleetServer.start(database.url, { adminKey })];
  }, 60_000);
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await database.drop();
  });

  /** A connection that is lost and comes back, with some of everything else. */
  function outage(first: number, at: number): FleetEvent[] {
    type State = "initialized" | "tcp-connecting" | "connected";
    const state = (seq: number, minute: number, from: State, to: State): FleetEvent => {
      const ended = at + minute * MINUTE_MS;
      return { seq, at: ended, kind: "state", from, to, since: ended - MINUTE_MS, cause: "gave-up" };
    };
    return [
      state(first, 1, "initialized", "connected"),
      state(first + 1, 2, "connected", "initialized"),
      state(first + 2, 3, "initialized", "tcp-connecting"),
      state(first + 3, 4, "tcp-connecting", "connected"),
      state(first + 4, 5, "connected", "initialized"),
      { seq: first + 5, at, kind: "timeout", type: 5 },
      { seq: first + 6, at, kind: "reconnect", attempt: 1 },
      { seq: first + 7, at, kind: "signal", rssi: 20, ber: 0 },
    ];
  }

  it("removes what is past it from every table, by several nodes at once, and nothing else", async () => {
    const [node] = nodes as [FleetServer];
    const { pool } = node.database;
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const count = async () =>
      Object.fromEntries(
        await Promise.all(
          [...TABLES, BY_WEEK].map(async (table) => [
            table,
            Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count),
          ]),
        ),
      );
    const write = (deviceId: string, events: FleetEvent[]) =>
      node.app.get(EventWriter, { strict: false }).write([handedIn(deviceId, events)]);
    const { id } = await node.createDevice();
    await write(id, outage(1, today - 400 * DAY_MS));
    const kept = await count();
    for (const table of TABLES) expect([table, kept[table]! > 0]).toEqual([table, true]);
    await write((await node.createDevice()).id, outage(1, today - 401 * DAY_MS));
    await write((await node.createDevice()).id, outage(1, today - 407 * DAY_MS));
    for (const [table, rows] of Object.entries<number>(await count()))
      expect([table, rows > kept[table]!]).toEqual([table, true]);
    await pool.query(
      "INSERT INTO link_session (device_id, node, began, ended) VALUES ($1, 'n', $2, $2), ($1, 'n', $3, $3)",
      [id, new Date(today - 401 * DAY_MS), new Date(today - 400 * DAY_MS)],
    );
    await Promise.all(
      nodes.map(({ app }) => app.get(HistoryRetention, { strict: false }).trim(new Date(today + DAY_MS / 2))),
    );
    const { [BY_WEEK]: weeks, ...others } = await count();
    expect({ ...others, [BY_WEEK]: kept[BY_WEEK] }).toEqual(kept);
    const past = await pool.query(`SELECT FROM ${BY_WEEK} WHERE week + 6 < $1::date`, [new Date(today - 400 * DAY_MS)]);
    expect([Number(weeks) >= Number(kept[BY_WEEK]), Number(weeks) <= Number(kept[BY_WEEK]) + 1, past.rowCount]).toEqual(
      [true, true, 0],
    );
    expect((await pool.query("SELECT FROM link_session")).rowCount).toBe(1);
  });
});
