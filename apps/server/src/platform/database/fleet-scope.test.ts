import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { asSystem, FleetScope, inFleet, inThisScope } from "./fleet-scope";
import { migrate } from "./migrations";
import { PgDatabase } from "./pg-database";

/** What belongs to the installation: the role of the fleets may not even ask for it. */
const OF_THE_SYSTEM = [
  ...["_prisma_migrations", "audit_seal", "audit_unsealed", "fleet_count", "live_event", "live_trimmed", "node"],
  "sign_in_failure",
];
const [NORTH, SOUTH] = [1, 2];

describe("fleets", () => {
  let testDatabase: TestDatabase;
  let database: PgDatabase;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = new PgDatabase(testDatabase.url, () => undefined);
    await database.pool.query("INSERT INTO fleet (id, name) VALUES ($1, 'north'), ($2, 'south')", [NORTH, SOUTH]);
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.drop();
  });

  const addDevice = async (fleetId: number, name: string) => {
    const { rows } = await inFleet(fleetId, () =>
      database.pool.query<{ id: string }>("INSERT INTO device (name) VALUES ($1) RETURNING id", [name]),
    );
    return rows[0]!.id;
  };

  it("are kept apart in every table that is not the system's", async () => {
    const { rows } = await database.pool.query<{ name: string; isProtected: boolean; rights: string[] }>(
      `SELECT c.relname AS name,
              c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS "isProtected",
              ARRAY (SELECT v FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS v
                      WHERE has_table_privilege('mn316_fleet_tenant', c.oid, v)) AS rights
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
    );
    const partitions = await database.pool.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relispartition",
    );
    const closed = new Set([...OF_THE_SYSTEM, ...partitions.rows.map(({ name }) => name)]);
    for (const { name, isProtected, rights } of rows)
      expect({ name, isProtected, maySelect: rights.includes("SELECT"), more: rights.slice(1).join() }).toEqual({
        name,
        isProtected: !closed.has(name),
        maySelect: !closed.has(name),
        more: closed.has(name) ? "" : expect.stringMatching(/^(INSERT(,UPDATE,DELETE)?)?$/),
      });
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(OF_THE_SYSTEM));
  });

  it("are asked for row by row from the first device of another one on, for as long as anything of that is kept", async () => {
    const known = async (fleetId: number) => {
      const { rows } = await inFleet(fleetId, () =>
        database.pool.query<{ isSole: boolean; days: number }>(
          `SELECT is_sole_fleet() AS "isSole", (SELECT count(*)::int FROM availability_day) AS days`,
        ),
      );
      return rows[0];
    };
    const addDay = async (fleetId: number) => {
      const id = await addDevice(fleetId, "of a day");
      await database.pool.query(
        "INSERT INTO availability_week (device_id, week, connected_0, known_0) VALUES ($1, '2026-11-05', 1, 2)",
        [id],
      );
      return id;
    };
    const mine = await addDay(NORTH);
    expect([await known(NORTH), await known(SOUTH)]).toEqual([
      { isSole: true, days: 1 },
      { isSole: false, days: 0 },
    ]);
    const theirs = await addDay(SOUTH);
    await database.pool.query("DELETE FROM device WHERE id = ANY ($1)", [[mine, theirs]]);
    expect([await known(NORTH), await known(SOUTH)]).toEqual([
      { isSole: false, days: 1 },
      { isSole: false, days: 1 },
    ]);
    const { rows } = await database.pool.query("SELECT is_sole_fleet() AS of_nobody");
    expect(rows).toEqual([{ of_nobody: false }]);
  });

  it("see their own rows, also of two in one moment and over the same connections, and the server sees all", async () => {
    const own = [await addDevice(NORTH, "north"), await addDevice(SOUTH, "south")];
    const read = (fleetId: number) =>
      inFleet(fleetId, async () => {
        const [bySql, byPrisma] = await Promise.all([
          database.pool.query<{ name: string }>("SELECT name FROM device WHERE id = ANY ($1)", [own]),
          database.prisma.device.findFirst({ where: { id: { in: own } } }),
        ]);
        return [...bySql.rows.map(({ name }) => name), byPrisma?.name];
      });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => read(index % 2 ? NORTH : SOUTH)));
    for (const [index, answer] of answers.entries())
      expect(answer).toEqual(index % 2 ? ["north", "north"] : ["south", "south"]);
    expect(await database.prisma.device.count({ where: { id: { in: own } } })).toBe(2);
    expect(await inFleet(NORTH, () => asSystem(() => database.prisma.device.count()))).toBe(2);
  });

  it("add and change nothing of another one, whichever way they name it", async () => {
    const [mine, theirs] = [await addDevice(NORTH, "mine"), await addDevice(SOUTH, "theirs")];
    await database.pool.query(
      "INSERT INTO alert_channel (id, fleet_id, name, kind, recipients, updated_by) VALUES ($1, $2, 'c', 'email', '{a}', 't')",
      [theirs, SOUTH],
    );
    const job = randomUUID();
    const rule = `INSERT INTO alert_rule (name, description, kind, params, selector, severity, clear_after_s, group_by,
                                          channel_ids, is_enabled, updated_by)
                  VALUES ('r', '', 'flapping', '{}', '{}', 'info', 0, '{}', ARRAY[$1]::uuid[], true, 't')`;
    await inFleet(NORTH, async () => {
      await database.pool.query(
        "INSERT INTO job (id, kind, steps, timeout_s, expires_at, created_by) VALUES ($1, 'probe', '[]', 1, now(), 't')",
        [job],
      );
      const refused: [string, unknown[]][] = [
        ["INSERT INTO device (name, fleet_id) VALUES ('x', $1)", [SOUTH]],
        ["UPDATE device SET fleet_id = $1", [SOUTH]],
        ["INSERT INTO device_state (device_id) VALUES ($1)", [theirs]],
        ["INSERT INTO execution (job_id, device_id) VALUES ($1, $2)", [job, theirs]],
        [rule, [theirs]],
      ];
      for (const [text, values] of refused)
        await expect(database.pool.query(text, values)).rejects.toThrow(/violates row-level security policy/);
      for (const text of ["UPDATE device SET name = 'taken' WHERE id = $1", "DELETE FROM device WHERE id = $1"])
        expect((await database.pool.query(text, [theirs])).rowCount).toBe(0);
      await expect(database.pool.query("SELECT * FROM live_event")).rejects.toThrow(/permission denied/);
      await expect(database.pool.query("SELECT * FROM module_event_default")).rejects.toThrow(/permission denied/);
      expect((await database.pool.query("SELECT FROM fleet_device WHERE id = $1", [theirs])).rowCount).toBe(0);
      expect((await database.pool.query("SELECT FROM fleet_device WHERE id = $1", [mine])).rowCount).toBe(1);
    });
  });

  it("are not guessed: a request of nobody is refused, and what forgets to say whose it is adds nothing", async () => {
    const scope = FleetScope.ofRequest();
    scope.run(() => {
      expect(() => database.pool).toThrow(/before its caller is known/);
      expect(() => database.prisma).toThrow(/before its caller is known/);
    });
    scope.admit(NORTH);
    expect(await scope.run(() => database.prisma.fleet.findMany())).toMatchObject([{ name: "north" }]);
    const client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query("RESET ROLE; SET fleet.id = ''");
    await expect(client.query("INSERT INTO device (name) VALUES ('nobody''s')")).rejects.toThrow(
      /null value .*fleet_id/,
    );
    await client.end();
  });

  it("are remembered by what is read later, whoever reads it", async () => {
    await addDevice(SOUTH, "later");
    async function* names() {
      for (let page = 0; page < 2; page++)
        yield (await database.pool.query<{ fleet: number }>("SELECT DISTINCT fleet_id AS fleet FROM device")).rows;
    }
    const pages = inFleet(SOUTH, () => inThisScope(names()));
    const read: unknown[] = [];
    for await (const rows of pages) read.push(...rows);
    expect(read).toEqual([{ fleet: SOUTH }, { fleet: SOUTH }]);
  });

  it("need a role, and the migration says so where it may not make it", async () => {
    const url = new URL(testDatabase.url);
    const name = `plain_${randomUUID().slice(0, 8)}`;
    const owner = database.pool;
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'plain'`);
    await owner.query(`CREATE DATABASE ${name} OWNER ${name}`);
    [url.username, url.password, url.pathname] = [name, "plain", `/${name}`];
    await expect(migrate(url.href)).rejects.toThrow(/user "plain_.* CREATE ROLE mn316_fleet_tenant NOLOGIN; GRANT/);
    await owner.query(`GRANT mn316_fleet_tenant TO ${name}`);
    expect((await migrate(url.href)).length).toBeGreaterThan(0);
    const plain = new PgDatabase(url.href, () => undefined);
    expect(await inFleet(0, () => plain.prisma.fleet.count())).toBe(1);
    await plain.close();
    await owner.query(`DROP DATABASE ${name}`);
    await owner.query(`DROP ROLE ${name}`);
  });
});
