import { eventually } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { auditOf } from "../test-support/audit-log";
import { LiveFleet } from "../test-support/live-fleet";

describe("enrolment", () => {
  let fleet: LiveFleet;
  beforeAll(async () => {
    fleet = await LiveFleet.start();
  }, 60_000);
  afterAll(() => fleet.stop(), 30_000);

  let imeis = 860_000_000_000_000;
  const imei = () => String(++imeis);
  const makeKey = (more: object = {}) => fleet.server.ok("POST", "enrollment-keys", { name: "site", ...more });
  const enroll = (key: string, device: string, more: object = {}) =>
    fleet.server.post("/agent/enroll", { key, imei: device, ...more });

  it("gives an agent its own token, once, and the agent keeps it in a file for itself alone", async () => {
    const { key } = await makeKey();
    const module = fleet.module({ imei: imei() });
    const agent = fleet.agent(module, "first", { enrollmentKey: key, name: "pump 7" });
    await agent.start();
    await eventually(() => {
      expect(agent.status?.server.isConnected).toBe(true);
    });
    const { items } = await fleet.server.ok("GET", `devices?q=${module.imei}`);
    expect(items).toMatchObject([{ name: "pump 7", imei: module.imei, link: { online: true } }]);
    const file = path.join(fleet.folder, "first", "token");
    const token = (await readFile(file, "utf8")).trim();
    expect(token).toMatch(/^mfd_/);
    if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
    await agent.stop();

    const again = fleet.agent(module, "first", { enrollmentKey: "mfe_used-up-since" });
    await again.start();
    await eventually(() => {
      expect(again.status?.server.isConnected).toBe(true);
    });
    expect((await fleet.server.ok("GET", "enrollment-keys")).items).toMatchObject([{ name: "site", uses: 1 }]);
  }, 40_000);

  it("answers every key that does not fit with the same bare 401", async () => {
    const usedUp = await makeKey({ maxUses: 1 });
    expect((await enroll(usedUp.key, imei())).status).toBe(201);
    const expiring = await makeKey({ expiresAt: new Date(Date.now() + 300).toISOString() });
    const elsewhere = await makeKey({ imeiPattern: "35*" });
    const deleted = await makeKey();
    expect((await fleet.server.request("DELETE", `enrollment-keys/${deleted.id}`)).status).toBe(204);
    await new Promise((resolve) => setTimeout(resolve, 350));
    const answers = [];
    for (const { key } of [usedUp, expiring, elsewhere, deleted, { key: "mfe_unknown" }])
      answers.push(await enroll(key, imei()));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const { deviceId } = (await enroll(elsewhere.key, "350000000000001")).body;
    expect(await auditOf(fleet.server, { resource: `devices/${deviceId}` })).toMatchObject([
      { action: "POST /agent/enroll", status: 201, actor: { kind: "enrollment-key", id: elsewhere.id, name: "site" } },
    ]);
    await eventually(async () => {
      const refused = await auditOf(fleet.server, { action: "POST /agent/enroll", outcome: "refused" });
      expect(refused.map(({ status, actor }) => [status, actor.kind])).toEqual(Array(5).fill([401, "nobody"]));
    });
  });

  it("takes over no device that exists, and gives a lost answer a second chance", async () => {
    const [one, other] = [await makeKey(), await makeKey()];
    const made = await fleet.server.ok("POST", "devices", { name: "by hand", imei: imei() });
    expect((await enroll(one.key, made.imei)).status).toBe(409);

    const own = imei();
    const first = await enroll(one.key, own);
    expect((await enroll(other.key, own)).status).toBe(409);
    const second = await enroll(one.key, own);
    expect(second).toMatchObject({ status: 201, body: { deviceId: first.body.deviceId } });
    const module = fleet.module({ imei: own });
    const agent = fleet.agent(module, "second-chance", { token: second.body.token });
    await agent.start();
    await eventually(() => {
      expect(agent.status?.server.isConnected).toBe(true);
    });
    expect((await enroll(one.key, own)).status).toBe(409); // somebody lives there now
  }, 30_000);

  it("is for admins to allow, and shows no key twice", async () => {
    const { key: operator } = await fleet.server.ok("POST", "api-keys", { name: "o", role: "operator" });
    expect((await fleet.server.request("POST", "enrollment-keys", { name: "x" }, operator)).status).toBe(403);
    const { key } = await makeKey();
    expect(JSON.stringify(await fleet.server.ok("GET", "enrollment-keys"))).not.toContain(key.slice(4));
    expect((await fleet.server.request("DELETE", `enrollment-keys/${randomUUID()}`)).status).toBe(404);
    expect((await fleet.server.request("POST", "enrollment-keys", { name: "x", imeiPattern: "abc" })).status).toBe(422);
  });

  it("bounds how often one network may try", async () => {
    const answers = await Promise.all(Array.from({ length: 120 }, () => enroll("mfe_unknown", imei())));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(Number(refused[0]!.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
  });
});
