import { type Selector, selectorSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { TestApp } from "../test-support/test-app";
import { DevicesModule } from "./devices.module";
import { selectorSql } from "./selection";

describe("a selector", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule], testDatabase.url);
    const add = async (fields: object, state = "") => {
      const { id } = await server.ok("POST", "devices", fields);
      if (state) await server.database.pool.query(`UPDATE device_state SET ${state} WHERE device_id = $1`, [id]);
    };
    await add(
      { name: "Alpha 100%", imei: "860000000000001", tags: ["north", "pump"] },
      "online = true, module_state = 'connected', module = '{\"firmware\": \"1.2\"}'",
    );
    await add({ name: "beta", imei: "860000000000012", tags: ["north"] }, "online = false, module_state = 'connected'");
    await add({ name: "gamma_1", tags: ["south", "pump"] }, "online = true, module_state = 'disconnected'");
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const chosen = async (selector: Selector) => {
    const { sql, parameters } = selectorSql(selectorSchema.parse(selector), 2);
    const { rows } = await server.database.pool.query<{ name: string }>(
      `SELECT d.name FROM device d LEFT JOIN device_state s ON s.device_id = d.id WHERE d.name <> $1 AND ${sql} ORDER BY 1`,
      ["nobody", ...parameters],
    );
    return rows
      .map(({ name }) => name[0])
      .join("")
      .toLowerCase();
  };

  it.each<[Selector, string]>([
    [{ all: true }, "abg"],
    [{ tags: ["north"] }, "ab"],
    [{ tags: ["north", "pump"] }, "a"],
    [{ anyTag: ["south", "pump"] }, "ag"],
    [{ q: "ALPHA" }, "a"],
    [{ q: "%" }, "a"],
    [{ q: "_" }, "g"],
    [{ q: "00001" }, "ab"],
    [{ q: "000000000001" }, "ab"],
    [{ state: ["connected"] }, "a"],
    [{ state: ["unknown", "disconnected"] }, "bg"],
    [{ online: false }, "b"],
    [{ firmware: "1.2" }, "a"],
    [{ imei: "86*1?" }, "b"],
    [{ imei: "86*" }, "ab"],
    [{ anyTag: ["pump"], online: true, state: ["disconnected"] }, "g"],
  ])("%j chooses %s", async (selector, expected) => {
    expect(await chosen(selector)).toBe(expected);
  });

  it("chooses devices by their ids, and by what else it names", async () => {
    const { rows } = await server.database.pool.query<{ id: string }>(
      "SELECT id FROM device WHERE name IN ('beta', 'gamma_1')",
    );
    const deviceIds = rows.map(({ id }) => id);
    expect(await chosen({ deviceIds })).toBe("bg");
    expect(await chosen({ deviceIds, tags: ["north"] })).toBe("b");
  });

  it("finds a tag, and a part of a name or an IMEI, by index where there are many devices", async () => {
    const client = await server.database.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query(
        `INSERT INTO device (name, imei) SELECT 'pump ' || md5(n::text), '1' || lpad(n::text, 14, '0') FROM generate_series(1, 20000) AS n`,
      );
      await client.query("SELECT gin_clean_pending_list(v::regclass) FROM unnest($1::text[]) AS v", [
        ["device_name_trgm_idx", "device_imei_trgm_idx"],
      ]);
      await client.query("UPDATE device SET tags = '{rare}' WHERE imei LIKE '%00'");
      await client.query("ANALYZE device");
      await client.query("SET LOCAL ROLE mn316_fleet_tenant"); // as requests ask
      for (const selector of [{ q: "d3d94468" }, { q: "0012345" }, { imei: "*0012345" }, { anyTag: ["rare"] }]) {
        const { sql, parameters } = selectorSql(selectorSchema.parse(selector), 1);
        const { rows } = await client.query<{ "QUERY PLAN": string }>(
          `EXPLAIN SELECT d.id FROM fleet_device d LEFT JOIN device_state s ON s.device_id = d.id WHERE ${sql}`,
          parameters,
        );
        const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
        expect(plan).toContain("anyTag" in selector ? "device_tags_idx" : "device_imei_trgm_idx");
        if ("q" in selector) expect(plan).toContain("device_name_trgm_idx");
        expect(plan).not.toContain("Seq Scan on device d");
      }
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  });

  it.each<[unknown, string[]]>([
    [{}, [""]],
    [{ all: true, q: "a" }, ["all"]],
    [{ all: false }, ["all"]],
    [{ tags: [] }, ["tags"]],
    [{ tags: ["a b"], imei: "x", colour: 1 }, ["tags.0", "imei", ""]],
    [{ state: ["asleep"] }, ["state.0"]],
    [{ deviceIds: ["x"] }, ["deviceIds.0"]],
  ])("%j is refused", (selector, paths) => {
    expect(selectorSchema.safeParse(selector).error?.issues.map(({ path }) => path.join("."))).toEqual(paths);
  });
});
