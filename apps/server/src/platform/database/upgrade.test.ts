import { CLOSE } from "@mn316-fleet/protocol";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { contents, fill, type Row } from "../../test-support/filled-schema";
import { FleetServer } from "../../test-support/fleet-server";
import { pings, TestAgent } from "../../test-support/test-agent";
import { stateHoursSql } from "../../history/state-hours.sql";
import { migrate } from "./migrations";

const FOLDER = path.resolve(import.meta.dirname, "../../../../../prisma/migrations");
const MIGRATIONS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

const DEVICE = "11111111-1111-4111-8111-111111111111";
/** One that is bound to a certificate, which the other one does not show. */
const BOUND = "33333333-3333-4333-8333-333333333333";
const JOB = "22222222-2222-4222-8222-222222222222";
const [KEY, TOKEN] = [`mfk_${"k".repeat(43)}`, `mfd_${"t".repeat(43)}`];
const hashOf = (secret: string) => `\\x${createHash("sha256").update(secret).digest("hex")}`;
const EPOCH = 1_790_000_000_000;
const [HOUR, LATER] = ["2026-11-01T12:00:00Z", "2026-11-01T12:30:00Z"];
/** With all defaults and filled in: a worker that resolves it anew comes to the same, and makes no other version. */
const CONFIG = {
  mqtt: {
    ...{ host: "broker.example", port: 1883, clientId: "{imei}", keepAliveS: 60, cleanSession: true, ackTimeoutS: 10 },
    pingEcho: false,
  },
  subscriptions: [{ topic: "t", qos: 1 }],
  recovery: { reopenAfterS: 60, backoff: 2, maxReopens: 5, thenRestart: true },
  telemetry: { signalEveryS: 60 },
  at: { allow: [], deny: [] },
};
const OF_DEVICE = { device_id: DEVICE, epoch: EPOCH, seq: 7 };

/** Rows as a fleet of that schema would have them; tables that are not named get made-up ones. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  device: [
    { id: DEVICE, name: "pump 7", imei: "860000000000007", tags: ["north", "site:a"] },
    { id: BOUND, name: "pump 8", tags: [] },
  ],
  device_certificate: [{ device_id: BOUND, sha256: hashOf("certificate") }],
  fleet_user: [{ name: "anna", role: "viewer", password_hash: "$argon2id$v=19$…", password_changed_at: HOUR }],
  device_token: [{ device_id: DEVICE, hash: hashOf(TOKEN) }],
  device_state: [
    { device_id: DEVICE, module_state: "connected", module_since: HOUR, cause: "requested", signal_dbm: -71 },
  ],
  api_key: [{ name: "kept", role: "admin", hash: hashOf(KEY) }],
  node: [{ id: "node-of-before" }],
  link_session: [
    { device_id: DEVICE, node: "node-of-before", began: HOUR, ended: LATER, close_code: CLOSE.restarting },
  ],
  outbox_position: [{ device_id: DEVICE, epoch: EPOCH, acked: 7 }],
  module_event: [{ ...OF_DEVICE, at: HOUR, received_at: HOUR, kind: "ping", fields: {} }],
  connection_interval: [{ ...OF_DEVICE, state: "connected", began: HOUR, ended: LATER, cause: "requested" }],
  state_hour: [{ device_id: DEVICE, hour: HOUR, state: "connected", ms: 1_800_000 }],
  availability_day: [{ device_id: DEVICE, day: HOUR, connected_ms: 1_800_000, known_ms: 1_800_000 }],
  timeout_hour: [{ device_id: DEVICE, hour: HOUR, ping: 3 }],
  device_config: [
    {
      device_id: DEVICE,
      version: 3,
      desired: CONFIG,
      own: CONFIG,
      reported_version: 3,
      reported: CONFIG,
      status: "applied",
      filled_imei: "860000000000007",
    },
  ],
  job: [
    {
      id: JOB,
      kind: "at",
      steps: [{ command: "AT+CSQ" }],
      status: "COMPLETED",
      timeout_s: 60,
      expires_at: LATER,
      created_by: "kept",
    },
  ],
  execution: [
    {
      job_id: JOB,
      device_id: DEVICE,
      status: "SUCCEEDED",
      results: {},
      sent_at: HOUR,
      begun_at: HOUR,
      ended_at: LATER,
    },
  ],
  alert_channel: [{ name: "mail", kind: "email", recipients: ["a@example.org"], updated_by: "kept" }],
  alert: [{ kind: "device-offline", subject_id: DEVICE, group_key: null, resolved_at: LATER, resolution: "cleared" }],
  alert_rule: [
    {
      name: "away",
      kind: "device-offline",
      params: { forS: 600 },
      selector: { all: true },
      is_enabled: false,
      group_by: [],
    },
  ],
  silence: [{ begins_at: HOUR, ends_at: LATER, selector: { all: true } }],
  event_stream: [{ name: "hub", url: "https://example.org/", is_enabled: false }],
};

/** From every so many-th release a server is started, which takes longer than all the rest. */
const GOES_ON_FROM_EACH = 8;

/** Tables that went, and what tells of their rows since. */
const TOLD_BY: Readonly<Record<string, string>> = {
  state_hour: stateHoursSql({}),
  availability_day: "SELECT * FROM availability_day",
};

/** A database that becomes that of one release after the other, of which each test takes a copy to itself. */
class Releases {
  private readonly server = process.env.FLEET_TEST_DATABASE_URL ?? "";
  private readonly name = `fleet_upgrade_${process.pid}`;
  private readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-migrations-"));

  async begin(): Promise<void> {
    await onServer(this.server, this.dropped(this.name), `CREATE DATABASE ${this.name} TEMPLATE template0`);
  }

  /** @param count of the migrations that there were then: never fewer than the last time */
  async copy(count: number): Promise<{ url: string; drop(): Promise<void> }> {
    for (const migration of MIGRATIONS.slice(0, count))
      cpSync(path.join(FOLDER, migration), path.join(this.folder, migration), { recursive: true });
    await migrate(this.urlOf(this.name), this.folder);
    const copy = `${this.name}_${count}`;
    await onServer(this.server, this.dropped(copy), `CREATE DATABASE ${copy} TEMPLATE ${this.name}`);
    return { url: this.urlOf(copy), drop: () => onServer(this.server, this.dropped(copy)) };
  }

  async end(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await onServer(this.server, this.dropped(this.name));
  }

  private dropped(name: string): string {
    return `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`;
  }

  private urlOf(name: string): string {
    const url = new URL(this.server);
    url.pathname = `/${name}`;
    return url.href;
  }
}

async function onServer(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** What columns that both have say; others came or went with a migration. */
function kept(row: Record<string, unknown>, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row[column]));
}

async function told(client: Client, query: string | undefined): Promise<Row[]> {
  if (query === undefined) return [];
  const { rows } = await client.query<{ row: Row }>(`SELECT to_jsonb(t) AS row FROM (${query}) AS t`);
  return rows.map(({ row }) => row);
}

describe("a fleet of a release before", () => {
  const releases = new Releases();
  beforeAll(() => releases.begin());
  afterAll(() => releases.end());

  it.each(MIGRATIONS.map((name, index) => [name, index + 1] as const))(
    "that ended with %s comes with all its rows, and goes on",
    async (_name, count) => {
      const database = await releases.copy(count);
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query("SET fleet.id = 0"); // whose rows they are, once there are fleets
      await fill(client, ROWS);
      const before = await contents(client);
      expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);

      // Two programs start at once: one migrates, the other waits for it.
      const [one, other] = await Promise.all([migrate(database.url), migrate(database.url)]);
      expect([...one, ...other]).toEqual(MIGRATIONS.slice(count));
      expect(Math.min(one.length, other.length)).toBe(0);
      const after = await contents(client);
      for (const [table, rows] of before) {
        const now = after.get(table) ?? (await told(client, TOLD_BY[table]));
        const columns = Object.keys(rows[0] ?? {}).filter((column) => column in (now[0] ?? {}));
        const left = now.map((row) => kept(row, columns));
        expect({ table, missing: rows.map((row) => kept(row, columns)).filter((row) => !left.includes(row)) }).toEqual({
          table,
          missing: [],
        });
      }
      await client.end();
      // The schema is the same by now, whichever it was: a few say whether a server can go on from such rows.
      if (count === MIGRATIONS.length || count % GOES_ON_FROM_EACH === 1) await goesOn(database.url);
      await database.drop();
    },
    120_000,
  );
});

/** The server answers from what was there, by a key of before, and the agent goes on behind what was acknowledged to it. */
async function goesOn(url: string): Promise<void> {
  const server = await FleetServer.start(url);
  const get = async (resource: string) => {
    const answer = await server.request("GET", resource, undefined, KEY);
    expect([resource, answer.status]).toEqual([resource, 200]);
    return answer.body;
  };
  expect(await get(`devices/${DEVICE}`)).toMatchObject({
    name: "pump 7",
    imei: "860000000000007",
    tags: ["north", "site:a"],
  });
  expect(await get(`devices/${DEVICE}/config`)).toMatchObject({ version: 3, status: "applied" });
  expect((await get(`devices/${DEVICE}/events`)).items).toHaveLength(1);
  expect((await get(`devices/${DEVICE}/intervals`)).items).toHaveLength(1);
  expect(await get(`jobs/${JOB}`)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 1 } });
  expect((await get(`jobs/${JOB}/executions`)).items).toMatchObject([{ status: "SUCCEEDED" }]);
  const agent = await new TestAgent(server.url, TOKEN).opened();
  expect((await agent.hello({ epoch: EPOCH })).acked).toBe(7);
  agent.events(pings(8, 9), EPOCH);
  await agent.acked(9, { epoch: EPOCH });
  await agent.leave();
  await server.stop();
}
