import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../devices/devices.module";
import { TestApp } from "../test-support/test-app";
import { readAnchor, describeReport } from "../verify-audit";
import { AuditSealer } from "./audit-sealer";
import { AuditTrail } from "./audit-trail";
import { type Anchor, verifyChain } from "./verify-chain";

/** Two processes over one database; each test has a trail of its own. */
describe("the chain over the audit trail", () => {
  let testDatabase: TestDatabase;
  let nodes: TestApp[];
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    const first = await TestApp.start([DevicesModule], testDatabase.url);
    nodes = [first, await TestApp.start([DevicesModule], testDatabase.url, { nodeId: "b", adminKey: first.adminKey })];
  }, 60_000);
  afterEach(async () => {
    for (const node of nodes) await node.stop();
    await testDatabase.drop();
  });

  const pool = () => nodes[0]!.database.pool;
  const verify = (anchor?: Anchor) => verifyChain(nodes[0]!.database, anchor);
  const sealed = () =>
    eventually(async () => {
      for (const node of nodes) await node.app.get(AuditSealer).seal();
      const report = await verify();
      expect(report.waiting).toBe(0);
      return report;
    });
  const note = (action: string, node = nodes[0]!) =>
    node.app.get(AuditTrail).note({ actor: { kind: "system" }, action, status: 200, after: { action } });
  /** What somebody does who owns the database and switches triggers off. */
  const damage = async (sql: string) => {
    const client = await pool().connect();
    await client.query("SET session_replication_role = replica");
    const { rowCount } = await client.query(sql);
    await client.query("SET session_replication_role = DEFAULT");
    client.release();
    expect(rowCount).toBeGreaterThan(0);
  };

  it("holds every record of writers on several nodes that commit in any order", async () => {
    const trail = nodes[0]!.app.get(AuditTrail);
    const slow = nodes[0]!.database.transaction(async (tx) => {
      await trail.note({ actor: { kind: "system" }, action: "slow", status: 200 }, tx);
      await tx.query("SELECT pg_sleep(2.5)");
    });
    const writers = nodes.flatMap((node) =>
      Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; n < 25; n++) await note(`${writer}-${n}`, node);
      }),
    );
    await Promise.all(writers);
    const before = await sealed();
    await slow;
    const after = await sealed();
    expect(after).toMatchObject({ verified: before.verified + 1, waiting: 0 });
    expect(after.broken).toBeUndefined();
    const { rows } = await pool().query(
      "SELECT r.action FROM audit_seal s JOIN audit_record r ON r.id = s.record_id ORDER BY s.position DESC LIMIT 1",
    );
    expect(rows).toEqual([{ action: "slow" }]);
    expect(await verify(before.head)).toMatchObject({ verified: after.verified });
    expect(describeReport(after)).toBe(
      `The audit trail is whole: ${after.verified} records, up to ${after.head.position}:${after.head.hash}.`,
    );
  }, 30_000);

  it("lets nobody change, remove or empty what was written", async () => {
    await note("kept");
    await sealed();
    for (const table of ["audit_record", "audit_seal"])
      for (const sql of [`DELETE FROM ${table}`, `TRUNCATE ${table}`, `DELETE FROM ${table} WHERE false`])
        await expect(pool().query(sql)).rejects.toThrow(`${table} is append-only`);
    await expect(pool().query("UPDATE audit_record SET action = 'x'")).rejects.toThrow("append-only");
    await expect(pool().query("UPDATE audit_seal SET position = 0")).rejects.toThrow("append-only");
  });

  it.each([
    [
      "a record that was changed",
      "UPDATE audit_record SET actor_name = 'eve' WHERE action = 'b'",
      /record \d+ or its seal was changed/,
    ],
    [
      "a column that was emptied",
      "UPDATE audit_record SET after = NULL WHERE action = 'b'",
      /record \d+ or its seal was changed/,
    ],
    ["a time that was moved", "UPDATE audit_record SET at = at - interval '1 hour' WHERE action = 'b'", /was changed/],
    ["a record that was removed", "DELETE FROM audit_record WHERE action = 'b'", /record \d+ was removed/],
    [
      "a seal that was changed",
      "UPDATE audit_seal s SET hash = sha256(hash) FROM audit_record r WHERE r.id = s.record_id AND r.action = 'b'",
      /was changed/,
    ],
    [
      "a record and its seal that were removed",
      "WITH r AS (DELETE FROM audit_record WHERE action = 'b' RETURNING id) DELETE FROM audit_seal USING r WHERE record_id = r.id",
      /its seal was removed/,
    ],
    [
      "a record that was slipped in",
      "INSERT INTO audit_record (entry, phase, node, action) VALUES (gen_random_uuid(), 'noted', 'test', 'x')",
      /record \d+ is outside of the chain/,
    ],
    [
      "two records that changed places",
      "UPDATE audit_record r SET action = CASE action WHEN 'b' THEN 'c' ELSE 'b' END WHERE action IN ('b', 'c')",
      /was changed/,
    ],
  ])("finds %s, and names the place", async (_what, sql, expected) => {
    for (const action of ["a", "b", "c"]) await note(action);
    const { verified } = await sealed();
    const { rows } = await pool().query(
      "SELECT s.position::int FROM audit_seal s JOIN audit_record r ON r.id = s.record_id WHERE r.action = 'b'",
    );
    await damage(sql);
    const report = await verify();
    expect(report.broken).toMatch(expected);
    if (!sql.startsWith("INSERT")) {
      expect(report.broken).toContain(`position ${rows[0].position}:`);
      expect(report.verified).toBe(rows[0].position - 1);
      expect(report.verified).toBeLessThan(verified);
    }
    expect(describeReport(report)).toContain(`The audit trail is broken: ${report.broken}.`);
  });

  it("finds an end that was cut off, and a chain that was made anew, by what was written down elsewhere", async () => {
    for (const action of ["a", "b"]) await note(action);
    const { head } = await sealed();
    await damage("DELETE FROM audit_record WHERE action = 'b'");
    await damage("DELETE FROM audit_seal WHERE position = (SELECT max(position) FROM audit_seal)");
    expect((await verify()).broken).toBeUndefined();
    expect((await verify(head)).broken).toMatch(/ends at position \d+: what was behind it is gone/);
    await note("another");
    await sealed();
    expect((await verify(head)).broken).toMatch(/another hash than was written down/);
  });

  it("takes an anchor only as it is written", () => {
    expect(readAnchor(`12:${"ab".repeat(32)}`)).toEqual({ position: 12n, hash: "ab".repeat(32) });
    expect(() => readAnchor("12")).toThrow(/POSITION:HASH/);
  });
});
