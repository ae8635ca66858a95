import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../devices/devices.module";
import { TestApp } from "../test-support/test-app";
import { DeviceTokens } from "./device-tokens";
import { FirstAdminKey } from "./first-admin-key";
import { TokenWatch } from "./token-watch";

describe("who may call", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule], testDatabase.url);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const makeKey = (role: string, expiresAt?: string) =>
    server.ok("POST", "api-keys", { name: `a ${role}`, role, ...(expiresAt && { expiresAt }) });

  describe("API keys", () => {
    it.each([
      ["no key", ""],
      ["an unknown key", "mfk_unknown"],
      ["an overlong key", "x".repeat(5_000)],
    ])("answers %s with the same bare 401", async (_name, key) => {
      const answer = await server.request("GET", "devices", undefined, { key });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.body).toEqual({
        type: "about:blank",
        title: "Unauthorized",
        status: 401,
        detail: "A valid credential is required.",
      });
    });

    it("lets each role do what it may and no more", async () => {
      const [viewer, operator] = await Promise.all([makeKey("viewer"), makeKey("operator")]);
      const status = async (method: string, path: string, key: string, body?: unknown) =>
        (await server.request(method, path, body, { key })).status;
      expect(await status("GET", "devices", viewer.key)).toBe(200);
      expect(await status("POST", "devices", viewer.key, { name: "x" })).toBe(403);
      expect(await status("POST", "devices", operator.key, { name: "x" })).toBe(201);
      expect(await status("GET", "api-keys", operator.key)).toBe(403);
      expect(await status("GET", "api-keys", server.adminKey)).toBe(200);
    });

    it("stops a key that was deleted or that expired", async () => {
      const { id, key } = await makeKey("viewer");
      expect((await server.request("GET", "devices", undefined, { key })).status).toBe(200);
      expect((await server.request("DELETE", `api-keys/${id}`)).status).toBe(204);
      expect((await server.request("GET", "devices", undefined, { key })).status).toBe(401);
      expect((await server.request("DELETE", `api-keys/${id}`)).status).toBe(404);

      const expiring = await makeKey("viewer", new Date(Date.now() + 1_500).toISOString());
      await eventually(async () => {
        expect((await server.request("GET", "devices", undefined, { key: expiring.key })).status).toBe(401);
      });
    });

    it("keeps only a hash, and lists keys without it", async () => {
      const { id, key } = await makeKey("viewer");
      await server.request("GET", "devices", undefined, { key });
      const listed = (await server.ok("GET", "api-keys")).items.find((item: { id: string }) => item.id === id);
      expect(Object.keys(listed).sort()).toEqual([
        "createdAt",
        "expiresAt",
        "id",
        "lastUsedAt",
        "name",
        "role",
        "selector",
      ]);
      expect(listed.lastUsedAt).not.toBeNull();
      const { rows } = await server.database.pool.query("SELECT row_to_json(k)::text AS row FROM api_key k");
      expect(rows.map(({ row }) => row).join()).not.toContain(key.slice(4));
    });

    it("names each wrong field of a new key", async () => {
      const body = { name: " ", role: "root", expiresAt: "2020-01-01T00:00:00Z", scope: 1 };
      const { status, body: problem } = await server.request("POST", "api-keys", body);
      expect(status).toBe(422);
      expect(problem.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
        "expiresAt",
        "name",
        "role",
        "scope",
      ]);
    });

    it("limits a key to the devices that its selector chooses, and to what is about devices", async () => {
      const { key } = await server.ok("POST", "api-keys", { name: "n", role: "operator", selector: { tags: ["n"] } });
      const as = (method: string, path: string, body?: unknown) => server.request(method, path, body, { key });
      const status = async (method: string, path: string, body?: unknown) => (await as(method, path, body)).status;
      const [mine, theirs] = [
        (await server.ok("POST", "devices", { name: "mine", tags: ["n"] })).id as string,
        (await server.ok("POST", "devices", { name: "theirs", tags: ["s"] })).id as string,
      ];
      expect((await as("GET", "devices")).body.items.map(({ id }: { id: string }) => id)).toEqual([mine]);
      expect((await as("GET", "devices?tag=s")).body.items).toEqual([]);
      expect((await as("GET", "fleet/counts")).body).toMatchObject({ devices: 1, online: 0 });
      expect(await status("PATCH", `devices/${mine}`, { name: "still mine" })).toBe(200);
      expect(await status("GET", `devices/${mine.toUpperCase()}`)).toBe(200);
      const unknown = await as("GET", `devices/${theirs.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))}`);
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { name: "x" }],
        ["DELETE", "", undefined],
        ["POST", "/token", { overlapS: 0 }],
      ] as const) {
        const answer = await as(method, `devices/${theirs}${path}`, body);
        expect([answer.status, answer.body.title]).toEqual([404, unknown.body.title]);
      }
      expect(await status("GET", "devices/nonsense")).toBe(404);
      for (const [method, path, body] of [
        ["POST", "devices", { name: "x" }],
        ["GET", "api-keys", undefined],
        ["GET", "audit", undefined],
      ] as const)
        expect([path, await status(method, path, body)]).toEqual([path, 403]);
      expect(await server.ok("GET", `devices/${theirs}`)).toMatchObject({ name: "theirs" });
      // What the selector chooses is asked at each request.
      await server.ok("PATCH", `devices/${mine}`, { tags: [] });
      expect(await status("GET", `devices/${mine}`)).toBe(404);
    });

    it("limits no admin, and names what is wrong with a selector", async () => {
      for (const [body, path] of [
        [{ role: "admin", selector: { tags: ["n"] } }, "selector"],
        [{ role: "viewer", selector: {} }, "selector"],
        [{ role: "viewer", selector: { colour: "red" } }, "selector.colour"],
      ] as const) {
        const answer = await server.request("POST", "api-keys", { name: "x", ...body });
        expect([answer.status, answer.body.errors[0].path]).toEqual([422, path]);
      }
    });

    it("keeps the last admin key", async () => {
      const keys: { id: string; role: string }[] = (await server.ok("GET", "api-keys")).items;
      const admins = keys.filter(({ role }) => role === "admin");
      expect(admins).toHaveLength(1);
      expect((await server.request("DELETE", `api-keys/${admins[0]!.id}`)).status).toBe(409);
    });
  });

  describe("the first admin key", () => {
    it("is made once where none is given, and replaced where another one is given", async () => {
      const own = await createTestDatabase();
      const start = (adminKey?: string) => TestApp.start([DevicesModule], own.url, { adminKey });
      const first = await start();
      const made = first.app.get(FirstAdminKey).take();
      expect(made).toMatch(/^mfk_[\w-]{43}$/);
      expect(first.app.get(FirstAdminKey).take()).toBeUndefined();
      expect((await first.request("GET", "devices", undefined, { key: made! })).status).toBe(200);
      await first.stop();

      const second = await start();
      expect(second.app.get(FirstAdminKey).take()).toBeUndefined();
      await second.stop();

      const third = await start("mfk_given-by-the-environment");
      await third.stop();
      const fourth = await start("mfk_given-by-the-environment-later");
      const status = async (key: string) => (await fourth.request("GET", "devices", undefined, { key })).status;
      expect(await status("mfk_given-by-the-environment")).toBe(401);
      expect(await status("mfk_given-by-the-environment-later")).toBe(200);
      expect(await status(made!)).toBe(200);
      await fourth.stop();
      await own.drop();
    });
  });

  describe("device tokens", () => {
    const tokens = () => server.app.get(DeviceTokens);
    const watch = () => server.app.get(TokenWatch);
    const addDevice = (): Promise<{ id: string; token: string }> => server.ok("POST", "devices", { name: "d" });

    it("open the agent's socket only, and API keys the API only", async () => {
      const { id, token } = await addDevice();
      expect(await tokens().verify(token)).toMatchObject({ deviceId: id });
      expect((await server.request("GET", "devices", undefined, { key: token })).status).toBe(401);
      expect(await tokens().verify(server.adminKey)).toBeUndefined();
      expect(await tokens().verify("mfd_unknown")).toBeUndefined();
    });

    it("work on for the overlap after a rotation, and then end the connection they opened", async () => {
      const { id, token } = await addDevice();
      const verified = await tokens().verify(token);
      let isEnded = false;
      const unwatch = watch().watch(verified!, () => {
        isEnded = true;
      });
      const rotated = await server.ok("POST", `devices/${id}/token`, { overlapS: 1 });
      let isNewEnded = false;
      const unwatchNew = watch().watch((await tokens().verify(rotated.token))!, () => {
        isNewEnded = true;
      });
      expect(Date.parse(rotated.previousValidUntil)).toBeGreaterThan(Date.now() - 500);
      expect(await tokens().verify(token)).toBeDefined();
      await eventually(async () => {
        expect(await tokens().verify(token)).toBeUndefined();
        expect(isEnded).toBe(true);
      });
      expect(await tokens().verify(rotated.token)).toMatchObject({ deviceId: id });
      expect(isNewEnded).toBe(false);
      unwatch();
      unwatchNew();
    });

    it("end at once without an overlap, and with their device", async () => {
      const { id, token } = await addDevice();
      const ended: string[] = [];
      watch().watch((await tokens().verify(token))!, () => ended.push("old"));
      const { token: next, previousValidUntil } = await server.ok("POST", `devices/${id}/token`, { overlapS: 0 });
      expect(previousValidUntil).toBeNull();
      expect(await tokens().verify(token)).toBeUndefined();
      await eventually(() => expect(ended).toEqual(["old"]));
      watch().watch((await tokens().verify(next))!, () => ended.push("new"));
      expect((await server.request("DELETE", `devices/${id}`)).status).toBe(204);
      expect(await tokens().verify(next)).toBeUndefined();
      await eventually(() => expect(ended).toEqual(["old", "new"]));
    });

    it("rotate with an hour's overlap where nothing is said", async () => {
      const { id } = await addDevice();
      const { previousValidUntil } = await server.ok("POST", `devices/${id}/token`);
      expect(Date.parse(previousValidUntil) - Date.now()).toBeGreaterThan(3_500_000);
    });
  });
});
