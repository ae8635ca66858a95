import { auditEntrySchema, type AuditEntry } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { parse } from "csv-parse/sync";
import { randomUUID } from "node:crypto";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { JobsModule } from "../jobs/jobs.module";
import { ProfilesModule } from "../profiles/profiles.module";
import { auditOf } from "../test-support/audit-log";
import { TestApp } from "../test-support/test-app";
import { AuditTrail } from "./audit-trail";
import { Denials } from "./denials";

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "c", username: "u", password: "canary-1" } };

describe("the audit trail", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, ConfigsModule, ProfilesModule, JobsModule], testDatabase.url);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const makeDevice = async (): Promise<string> => (await server.ok("POST", "devices", { name: "pump" })).id;
  const of = (resource: string) => auditOf(server, { resource });

  it("says who made, changed and removed a thing, from where, and what it was before and after", async () => {
    const { id: keyId, key } = await server.ok("POST", "api-keys", { name: "anna", role: "operator" });
    const by = { key };
    const { body: device } = await server.request("POST", "devices", { name: "pump", tags: ["north"] }, by);
    await server.request("PATCH", `devices/${device.id}`, { name: "pump 7" }, by);
    await server.request("DELETE", `devices/${device.id}`, undefined, by);
    const entries = await of(`devices/${device.id}`);
    for (const entry of entries) {
      expect(auditEntrySchema.strict().parse(entry)).toEqual(entry);
      expect(entry).toMatchObject({
        actor: { kind: "api-key", id: keyId, name: "anna", role: "operator" },
        from: { address: "127.0.0.1", node: "test" },
        outcome: "done",
      });
    }
    const fields = { imei: null, tags: ["north"], timeZone: null };
    expect(entries).toMatchObject([
      { action: "DELETE /api/v1/devices/{id}", status: 204, before: { name: "pump 7", ...fields }, after: null },
      {
        action: "PATCH /api/v1/devices/{id}",
        request: { body: { name: "pump 7" } },
        before: { name: "pump", ...fields },
        after: { name: "pump 7", ...fields },
      },
      { action: "POST /api/v1/devices", status: 201, before: null, after: { id: device.id, token: "***" } },
    ]);
  });

  it("tells the change of a configuration and of a profile, without their passwords", async () => {
    const id = await makeDevice();
    await server.ok("PUT", `devices/${id}/config`, CONFIG);
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { port: 1884, password: "canary-2" } });
    const [patched, put] = await of(`devices/${id}`);
    expect(put).toMatchObject({
      before: { version: 0, own: null },
      after: { version: 1, own: { mqtt: { port: 1883 } } },
    });
    expect(patched).toMatchObject({
      request: { body: { mqtt: { port: 1884, password: "***" } } },
      before: { version: 1, own: { mqtt: { port: 1883 } } },
      after: { version: 2, own: { mqtt: { port: 1884 } } },
    });
    const profile = { name: randomUUID(), selector: { tags: ["x"] }, template: { mqtt: { port: 1 } } };
    const made = await server.ok("POST", "profiles", profile);
    await server.ok("PATCH", `profiles/${made.id}`, { priority: 9 });
    await server.ok("DELETE", `profiles/${made.id}?dryRun=true`);
    expect(await of(`profiles/${made.id}`)).toMatchObject([
      { request: { query: { dryRun: "true" } }, before: null },
      { before: { version: 1, priority: made.priority }, after: { version: 2, priority: 9 } },
      { action: "POST /api/v1/profiles", before: null, after: { id: made.id, version: 1 } },
    ]);
  });

  it("tells what was refused, and by which rule", async () => {
    const { key } = await server.ok("POST", "api-keys", { name: "viewer", role: "viewer" });
    const id = await makeDevice();
    expect((await server.request("DELETE", `devices/${id}`, undefined, { key })).status).toBe(403);
    expect((await server.request("DELETE", `devices/${id}`, undefined, { key: "mfk_wrong" })).status).toBe(401);
    expect((await server.request("PATCH", `devices/${id}`, { colour: "red" })).status).toBe(422);
    expect((await server.request("GET", "audit", undefined, { key })).status).toBe(403);
    expect((await server.request("GET", "devices", undefined, { key: "" })).status).toBe(401);
    await eventually(async () => {
      const refused = await auditOf(server, { outcome: "refused", resource: `devices/${id}` });
      expect(refused).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ status: 422 }),
          expect.objectContaining({ status: 401, actor: expect.objectContaining({ kind: "nobody", name: null }) }),
          expect.objectContaining({ status: 403, actor: expect.objectContaining({ name: "viewer" }) }),
        ]),
      );
      expect(refused).toHaveLength(3);
      expect(await auditOf(server, { outcome: "refused", action: "GET*" })).toMatchObject([
        { action: "GET /api/v1/audit", status: 403 },
      ]);
    });
  });

  it("keeps what never ended, and lets nothing begin that it cannot write down", async () => {
    const trail = server.app.get(AuditTrail);
    await trail.begin({ actor: { kind: "system" }, action: "crash" });
    expect(await auditOf(server, { action: "crash" })).toMatchObject([
      { outcome: "unfinished", status: null, endedAt: null },
    ]);
    const id = await makeDevice();
    await server.database.pool.query("ALTER TABLE audit_record RENAME TO audit_record_away");
    expect((await server.request("DELETE", `devices/${id}`)).status).toBe(500);
    await server.database.pool.query("ALTER TABLE audit_record_away RENAME TO audit_record");
    expect((await server.request("GET", `devices/${id}`)).status).toBe(200);
  });

  it("tells a change only where it was committed", async () => {
    const trail = server.app.get(AuditTrail);
    const entry = await trail.begin({ actor: { kind: "system" }, action: "rolled-back" });
    const change = trail.within(entry, () =>
      server.database.transaction(async (tx) => {
        await trail.changed(tx, { before: 1, after: 2 });
        throw new Error("after all not");
      }),
    );
    await expect(change).rejects.toThrow("after all not");
    await trail.end(entry, { status: 500 });
    expect(await auditOf(server, { action: "rolled-back" })).toMatchObject([
      { outcome: "failed", before: null, after: null },
    ]);
  });

  it("bounds what anybody may have noted, and counts the rest", async () => {
    const written: string[] = [];
    const counting = {
      note: (deed: { address?: string | null; detail?: string }) => {
        written.push(deed.address ?? deed.detail ?? "");
        return Promise.resolve();
      },
    };
    const denials = new Denials(counting as unknown as AuditTrail, { warn: () => undefined } as never);
    const knock = (address: string, now: number) =>
      denials.note({ actor: { kind: "nobody" }, action: "x", status: 401, address }, now);
    for (let n = 0; n < 50; n++) knock("192.0.2.1", 1_000);
    expect(written).toHaveLength(20);
    for (let n = 0; n < 1_000; n++) knock(`198.51.100.${n}`, 1_000);
    expect(written).toHaveLength(120);
    knock("192.0.2.1", 61_001);
    expect(written.slice(120)).toEqual(["930 more were refused within a minute", "192.0.2.1"]);
    await denials.onApplicationShutdown();
  });

  it("is searched by actor, action, resource and time, page by page", async () => {
    const { id: keyId, key } = await server.ok("POST", "api-keys", { name: "boris_1", role: "operator" });
    await server.ok("POST", "api-keys", { name: "borisX1", role: "operator" });
    const id = await makeDevice();
    for (let n = 0; n < 5; n++) await server.request("PATCH", `devices/${id}`, { name: `n${n}` }, { key });
    await server.request("POST", `devices/${id}/token`, { overlapS: 60 }, { key });
    for (const actor of ["boris_1", keyId]) expect(await auditOf(server, { actor })).toHaveLength(6);
    expect(await auditOf(server, { actor: keyId, action: "PATCH /api/v1/devices/{id}" })).toHaveLength(5);
    expect(await auditOf(server, { actor: keyId, action: "POST /api/v1/devices/*" })).toHaveLength(1);
    expect(await auditOf(server, { actor: keyId, action: "PATCH /api/v1/devices/%" })).toHaveLength(0);
    expect(await auditOf(server, { actor: keyId, resource: "devices" })).toHaveLength(6);
    expect(await auditOf(server, { actor: keyId, resource: "device" })).toHaveLength(0);
    const all = await auditOf(server, { actor: keyId });
    expect(await auditOf(server, { actor: keyId, from: all[2]!.at, to: all[0]!.at })).toEqual(
      all.filter(({ at }) => at >= all[2]!.at && at < all[0]!.at),
    );
    const paged: AuditEntry[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = `actor=${keyId}&limit=4${cursor && `&cursor=${cursor}`}`;
      const page = await server.ok("GET", `audit?${query}`);
      paged.push(...page.items);
      cursor = page.next;
    }
    expect(paged).toEqual(all);
    expect((await server.request("GET", "audit?cursor=eA")).body.errors[0].path).toBe("cursor");
    expect((await server.request("GET", "audit?colour=red")).status).toBe(422);
  });

  it("is exported whole, with no formula for whoever opens it", async () => {
    const name = `=cmd|' /C calc'!A0 ${randomUUID()}`;
    const { id } = await server.ok("POST", "devices", { name });
    await server.database.pool.query(
      `INSERT INTO audit_record (entry, phase, node, actor_kind, action, resource, status, detail)
       SELECT gen_random_uuid(), 'noted', 'test', 'system', 'bulk', 'devices/${id}', 200, '=1+1' FROM generate_series(1, 1200)`,
    );
    const read = async (format: string) => {
      const response = await fetch(`${server.url}/api/v1/audit/export?resource=devices/${id}&format=${format}`, {
        headers: { authorization: `Bearer ${server.adminKey}` },
      });
      return { type: response.headers.get("content-type"), text: await response.text() };
    };
    const ndjson = await read("ndjson");
    const entries = ndjson.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEntry);
    expect([ndjson.type, entries.length]).toEqual(["application/x-ndjson", 1_201]);
    expect(new Set(entries.map((entry) => entry.id)).size).toBe(1_201);
    expect(entries.at(-1)).toMatchObject({ action: "POST /api/v1/devices", after: { name } });
    const csv = await read("csv");
    const rows: Record<string, string>[] = parse(csv.text, { columns: true });
    expect([csv.type, rows.length]).toEqual(["text/csv; charset=utf-8", 1_201]);
    expect(rows[0]).toMatchObject({ action: "bulk", detail: "'=1+1" });
    expect(JSON.parse(rows.at(-1)!.after!)).toMatchObject({ name });
  });
});
