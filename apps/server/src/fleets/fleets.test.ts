import type { Role } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { Client } from "pg";
import WebSocket from "ws";
import { Database } from "../platform/database/database";
import { inFleet } from "../platform/database/fleet-scope";
import {
  addEverything,
  bodyOf,
  callOperation,
  COLLECTIONS,
  type Ids,
  type NamedOperation,
  type Operation,
  operationsOf,
} from "../test-support/api-operations";
import { auditOf } from "../test-support/audit-log";
import { FleetServer } from "../test-support/fleet-server";
import { TestAgent } from "../test-support/test-agent";

/** Stands in what the south has, beside its ids. */
const MARK = "southern";
/** Rows of the tables that only a worker, a gateway or a person who signs in writes. */
const THE_REST = `
  INSERT INTO job_abort (job_id) SELECT id FROM job LIMIT 1;
  INSERT INTO alert_member (alert_id, device_id, joined_at) SELECT a.id, d.id, now() FROM alert a, device d LIMIT 1;
  INSERT INTO alert_subject (rule_id, subject_id, subject_name, facts, since)
    SELECT r.id, d.id, d.name, '{}', now() FROM alert_rule r, device d LIMIT 1;
  INSERT INTO notification_alert (notification_id, alert_id) SELECT n.id, a.id FROM notification n, alert a LIMIT 1;
  INSERT INTO device_certificate (device_id, sha256) SELECT id, sha256('') FROM device WHERE name = 'second';
  INSERT INTO enrollment (device_id, key_id) SELECT d.id, k.id FROM device d, enrollment_key k LIMIT 1;
  INSERT INTO event_stream_position (stream_id, device_id, epoch, seq) SELECT s.id, d.id, 1, 7 FROM event_stream s, device d LIMIT 1;
  INSERT INTO idempotency_key (caller_id, key, request_hash, resource_id) SELECT k.id, 'once', '', j.id FROM api_key k, job j LIMIT 1;
  INSERT INTO user_network (user_id, network) SELECT id, '192.0.2.0/24' FROM fleet_user LIMIT 1;
  INSERT INTO user_session (user_id, hash) SELECT id, sha256('session') FROM fleet_user LIMIT 1;`;
/** A stream that does not end; what it tells is looked at by a test of its own. */
const LIVE = "get /api/v1/live";

describe("a fleet", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let worker: FleetServer | undefined;
  let operations: NamedOperation[];
  const fleets: Record<string, { id: string; number: number; key: string }> = {};
  let southern: Ids;
  let northern: Ids;
  let token: string;
  /** Keys of the north by role, and that of the host's admin, none of which the south knows. */
  const strangers: [who: string, role: Role, key: string][] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    // As in production: what forgets whose its rows are adds none.
    await client.query(`ALTER DATABASE "${client.database}" RESET fleet.id`);
    await client.end();
    // Without a worker, so that nothing changes by itself.
    server = await FleetServer.start(database.url, { roles: new Set(["api", "gateway"] as const) });
    const document = (await server.send("GET", "/api/openapi.json")).body;
    operations = operationsOf(document as { paths: Record<string, Record<string, Operation>> });
    for (const name of ["north", "south"]) {
      const { id, key } = await server.ok("POST", "fleets", { name });
      const { rows } = await server.database.pool.query("SELECT id FROM fleet WHERE public_id = $1", [id]);
      fleets[name] = { id, key, number: rows[0].id };
    }
    for (const role of ["viewer", "operator"] as const)
      strangers.push([`the north's ${role}`, role, (await north("POST", "api-keys", { name: role, role })).body.key]);
    strangers.push(["the north's admin", "admin", fleets.north!.key], ["the host's admin", "admin", server.adminKey]);
    northern = await addEverything(server, fleets.north!.key);
    southern = await addEverything(server, fleets.south!.key);
    await south("PATCH", `devices/${southern.devices}`, { name: `${MARK} pump`, tags: [MARK] });
    await tellHistory(north, northern.devices);
    token = await tellHistory(south, southern.devices);
    await south("POST", "devices", { name: "second" });
    await inFleet(fleets.south!.number, async () => {
      for (const row of THE_REST.split(";\n")) await server.app.get(Database, { strict: false }).pool.query(row);
    });
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await server.stop();
    await database.drop();
  });

  const of = (fleet: string) => (method: string, resource: string, body?: unknown) =>
    server.request(method, resource, body, fleets[fleet]!.key);
  const north = of("north");
  const south = of("south");

  /** A row in each table that agents tell. @returns the device's token */
  async function tellHistory(ask: typeof north, deviceId: string): Promise<string> {
    const { token } = (await ask("POST", `devices/${deviceId}/token`, { overlapS: 0 })).body;
    const agent = await TestAgent.connect(server.url, token);
    const at = Date.now() - 60_000;
    agent.events([
      { seq: 1, at, kind: "state", from: "disconnected", to: "tcp-connected", since: at - 5_000, cause: "requested" },
      { seq: 2, at: at + 1, kind: "state", from: "tcp-connected", to: "connected", since: at, cause: "requested" },
      {
        seq: 3,
        at: at + 2,
        kind: "state",
        from: "connected",
        to: "disconnected",
        since: at + 1,
        cause: "heartbeat-lost",
      },
      { seq: 4, at: at + 3, kind: "state", from: "disconnected", to: "connected", since: at + 2, cause: "requested" },
      { seq: 5, at: at + 4, kind: "timeout", type: 5 },
      { seq: 6, at: at + 5, kind: "reconnect", attempt: 1 },
      { seq: 7, at: at + 6, kind: "signal", rssi: 20, ber: 0 },
    ]);
    await agent.acked(7);
    await agent.leave();
    await eventually(async () => {
      expect((await ask("GET", `devices/${deviceId}`)).body.link.online).toBe(false);
    });
    return token as string;
  }

  /** All that the south has, by table: what the role of requests shows it. */
  async function holdings(): Promise<Record<string, string[]>> {
    const { rows: tables } = await server.database.pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
          AND has_table_privilege('mn316_fleet_tenant', oid, 'SELECT') AND relname NOT IN ('node') ORDER BY 1`,
    );
    const held: Record<string, string[]> = {};
    for (const { name } of tables)
      await inFleet(fleets.south!.number, async () => {
        const { rows } = await server.app
          .get(Database, { strict: false })
          .pool.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM "${name}" t ORDER BY 1`);
        held[name] = rows.map(({ row }) => row);
      });
    return held;
  }

  it("is shown nothing of another one, and changes nothing of it, by any operation and in any role", async () => {
    const before = await holdings();
    expect(Object.keys(before).filter((name) => before[name]!.length === 0)).toEqual([]);
    const ids = Object.values(southern);
    for (const [who, , key] of strangers)
      for (const operation of operations) {
        const { name, path } = operation;
        if (name === LIVE) continue;
        // The host keeps the list of fleets, and only that.
        if (path.startsWith("/api/v1/fleets") && who === "the host's admin") continue;
        const answer = await callOperation(server, operation, southern, key);
        const names = path.includes("{id}") || ids.some((id) => bodyOf(name, southern)?.includes(id));
        const told = { who, name, status: answer.status };
        if (names)
          expect({ ...told, isRefused: [403, 404, 422].includes(answer.status) }).toMatchObject({ isRefused: true });
        expect({ ...told, isOurs: answer.status < 500 }).toMatchObject({ isOurs: true });
        const text = JSON.stringify(answer.body);
        // A refusal may name the id that was asked for, and so does the trail of who asked.
        const words = answer.status < 400 && !path.startsWith("/api/v1/audit") ? [...ids, MARK] : [MARK];
        expect({ ...told, shown: words.filter((word) => text.includes(word)) }).toEqual({
          ...told,
          shown: [],
        });
      }
    expect(await holdings()).toEqual(before);
  }, 120_000);

  it("sees of each table what is its own, and no row more", async () => {
    const { rows: tables } = await server.database.pool.query<{ name: string; column: string }>(
      `SELECT c.relname AS name,
              CASE WHEN bool_or(a.attname = 'fleet_id') THEN 'fleet_id' ELSE 'device_id' END AS column
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('fleet_id', 'device_id')
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND has_table_privilege('mn316_fleet_tenant', c.oid, 'SELECT') GROUP BY 1 ORDER BY 1`,
    );
    expect(tables.length).toBeGreaterThan(30);
    const { number } = fleets.south!;
    for (const { name, column } of tables) {
      const count = async (where: string) => {
        const { rows } = await server.database.pool.query(`SELECT count(*)::int AS rows FROM "${name}" ${where}`);
        return rows[0].rows as number;
      };
      const own = await count(
        column === "fleet_id"
          ? `WHERE fleet_id = ${number}`
          : `WHERE device_id IN (SELECT device_id FROM device_fleet WHERE fleet_id = ${number})`,
      );
      expect({ name, seen: await inFleet(number, () => count("")) }).toEqual({ name, seen: own });
    }
  });

  it("is answered 404 for what is another's, and about its own as ever, by those who may ask", async () => {
    const naming = operations.filter(({ path }) => path.includes("{id}") && !path.startsWith("/api/v1/fleets"));
    for (const operation of naming) {
      const answer = await callOperation(server, operation, southern, fleets.north!.key);
      expect([operation.name, answer.status]).toEqual([operation.name, 404]);
      if (operation.method === "get") {
        const own = await callOperation(server, operation, southern, fleets.south!.key);
        expect([operation.name, own.status]).toEqual([operation.name, 200]);
      }
    }
    for (const collection of COLLECTIONS.filter((name) => name !== "fleets")) {
      const { items } = (await south("GET", collection)).body;
      expect([collection, items.map(({ id }: { id: string }) => id)]).toEqual([
        collection,
        expect.arrayContaining([southern[collection]]),
      ]);
    }
    for (const question of ["timeouts", "availability"])
      expect((await north("GET", `analytics/${question}?deviceId=${southern.devices}`)).status).toBe(404);
    const sums = async (ask: typeof north) => (await ask("GET", "analytics/timeouts")).body.totals.ping as number;
    expect([await sums(north), await sums(south), (await server.ok("GET", "analytics/timeouts")).totals.ping]).toEqual([
      1, 1, 0,
    ]);
    const exported = await of("north")("GET", `export/events?deviceId=${southern.devices}&format=ndjson`);
    expect(exported.body).toBe("");
  });

  it("hears live only of its own devices, and opens no console to another's", async () => {
    const end = new AbortController();
    const live = await fetch(`${server.url}/api/v1/live`, {
      headers: { authorization: `Bearer ${fleets.north!.key}` },
      signal: end.signal,
    });
    const reading = (async () => {
      let text = "";
      for await (const chunk of live.body as unknown as AsyncIterable<Uint8Array>) {
        text += new TextDecoder().decode(chunk);
        if (text.includes(northern.devices)) return text;
      }
      return text;
    })();
    for (const [ask, id] of [
      [south, southern.devices],
      [north, northern.devices],
    ] as const)
      await ask("PATCH", `devices/${id}/config`, { mqtt: { port: 1900 } });
    expect(await reading).not.toContain(southern.devices);
    end.abort();

    const agent = await TestAgent.connect(server.url, token);
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/console`, {
      headers: { authorization: `Bearer ${fleets.north!.key}` },
    });
    const closed = new Promise<string>((resolve) =>
      socket.once("close", (_code, reason) => resolve(reason.toString())),
    );
    socket.once("open", () => socket.send(JSON.stringify({ type: "open", deviceId: southern.devices })));
    expect(await closed).toBe("the device's agent is not connected");
    expect(agent.of("console-open")).toEqual([]);
    await agent.leave();
  });

  it("has names of its own: of people, who sign in by it, and of all else", async () => {
    const person = { name: "ann", role: "viewer", password: "correct horse battery" };
    for (const ask of [north, south]) expect((await ask("POST", "users", person)).status).toBe(201);
    const signIn = async (name: string) => {
      const { status, headers, body } = await server.send("POST", "/api/v1/session", {
        headers: { "content-type": "application/json", "x-fleet-request": "1" },
        body: JSON.stringify({ name, password: person.password }),
      });
      return { status, body, cookie: headers.get("set-cookie")?.split(";")[0] ?? "" };
    };
    expect((await signIn("ann")).status).toBe(401);
    expect((await signIn("east/ann")).status).toBe(401);
    const ann = await signIn("South/Ann");
    expect(ann).toMatchObject({ status: 201, body: { name: "ann", fleet: "south", isHost: false } });
    const asAnn = (resource: string) => server.send("GET", `/api/v1/${resource}`, { headers: { cookie: ann.cookie } });
    expect((await asAnn("session")).body).toMatchObject({ kind: "user", fleet: "south" });
    expect((await asAnn(`devices/${southern.devices}`)).status).toBe(200);
    expect((await asAnn(`devices/${northern.devices}`)).status).toBe(404);
    expect(await auditOf(server, { action: "POST /api/v1/session", outcome: "done" })).toEqual([]);
    const noted = (await south("GET", "audit?action=POST /api/v1/session&outcome=done")).body;
    expect(noted.items).toMatchObject([{ actor: { name: "ann" } }]);
  });

  it("takes the devices that enrol with its key, and none that another fleet has", async () => {
    const { key } = (await south("POST", "enrollment-keys", { name: "site" })).body;
    const enroll = (imei: string) => server.post("/agent/enroll", { key, imei });
    const { body } = await enroll("860000000000316");
    expect((await south("GET", `devices/${body.deviceId}`)).status).toBe(200);
    expect((await north("GET", `devices/${body.deviceId}`)).status).toBe(404);
    await north("POST", "devices", { name: "taken", imei: "860000000000317" });
    expect((await enroll("860000000000317")).status).toBe(409);
    expect((await south("POST", "devices", { name: "taken", imei: "860000000000317" })).status).toBe(409);
  });

  it("chooses among its own devices, whatever it does with them", async () => {
    const all = { all: true };
    worker = await FleetServer.start(database.url, {
      roles: new Set(["worker"] as const),
      adminKey: server.adminKey,
    });
    const job = (await north("POST", "jobs", { kind: "probe", targets: { selector: all } })).body;
    const template = { mqtt: { host: "north.example", port: 1883, clientId: "{device}" } };
    expect((await north("POST", "profiles", { name: "north", selector: all, template })).status).toBe(201);
    const later = (await north("POST", "devices", { name: "later" })).body;
    const other = (await south("POST", "devices", { name: "other" })).body;
    await eventually(async () => {
      expect((await north("GET", `devices/${later.id}/config`)).body.status).toBe("pending");
      expect((await north("GET", `jobs/${job.id}`)).body.targets.isExpanded).toBe(true);
    });
    expect((await south("GET", `devices/${other.id}/config`)).body.status).toBe("none");
    const { items } = (await north("GET", `jobs/${job.id}/executions?limit=500`)).body;
    const own = (await north("GET", "devices?limit=500")).body.items.map(({ id }: { id: string }) => id);
    expect(
      items.map(({ deviceId }: { deviceId: string }) => deviceId).filter((id: string) => !own.includes(id)),
    ).toEqual([]);
    expect(items.length).toBeGreaterThan(1);
  }, 60_000);

  it("is the host's to make, to name and to remove, once it has no devices", async () => {
    expect((await north("GET", "fleets")).status).toBe(403);
    const { items } = await server.ok("GET", "fleets");
    expect(items.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(["host", "north", "south"]));
    expect(items[0]).toMatchObject({ name: "host", isHost: true });
    expect((await server.request("DELETE", `fleets/${items[0].id}`)).status).toBe(409);
    expect((await server.request("DELETE", `fleets/${fleets.south!.id}`)).status).toBe(409);
    expect((await server.request("POST", "fleets", { name: "north" })).body.errors).toMatchObject([{ path: "name" }]);
    expect((await server.request("POST", "fleets", { name: "No" })).status).toBe(422);
    const { id, key } = await server.ok("POST", "fleets", { name: "east" });
    const ids = await addEverything(server, key);
    expect((await server.request("PATCH", `fleets/${id}`, { name: "orient" })).body.name).toBe("orient");
    await server.request("DELETE", `devices/${ids.devices}`, undefined, key);
    expect((await server.request("DELETE", `fleets/${id}`)).status).toBe(204);
    expect((await server.request("GET", "devices", undefined, key)).status).toBe(401);
    const trail = await auditOf(server, { resource: `fleets/${id}` });
    expect(trail.map(({ action }) => action)).toEqual([
      "DELETE /api/v1/fleets/{id}",
      "PATCH /api/v1/fleets/{id}",
      "POST /api/v1/fleets",
    ]);
  });
});
