import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../devices/devices.module";
import { networkOf } from "../platform/http/network";
import { auditOf } from "../test-support/audit-log";
import { Browser } from "../test-support/browser";
import { TestApp } from "../test-support/test-app";
import { UsersModule } from "./users.module";
import { UsersUpkeep } from "./users-upkeep";

const PASSWORD = "correct horse battery";

describe("people who sign in", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, UsersModule], testDatabase.url);
  }, 60_000);
  afterEach(() => query("DELETE FROM sign_in_failure"));
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  let names = 0;
  const query = (sql: string, values: unknown[] = []) => server.database.pool.query(sql, values);
  const makeUser = async (role = "operator"): Promise<{ id: string; name: string }> =>
    server.ok("POST", "users", { name: `person-${++names}`, role, password: PASSWORD });
  const signedIn = async (role = "operator") => {
    const user = await makeUser(role);
    const browser = new Browser(server.url);
    expect((await browser.signIn(user.name, PASSWORD)).status).toBe(201);
    return { user, browser };
  };

  describe("their accounts", () => {
    it("are made, changed and removed by admins alone, and show no password", async () => {
      const { id, name } = await makeUser("viewer");
      const { key } = await server.ok("POST", "api-keys", { name: "o", role: "operator" });
      expect((await server.request("GET", "users", undefined, { key })).status).toBe(403);
      const same = await server.request("POST", "users", {
        name: name.toUpperCase(),
        role: "viewer",
        password: PASSWORD,
      });
      expect([same.status, same.body.errors[0].path]).toEqual([409, "name"]);
      const short = await server.request("POST", "users", { name: "a b", role: "king", password: "short" });
      expect(short.body.errors.map(({ path }: { path: string }) => path)).toEqual(["name", "role", "password"]);
      expect(await server.ok("PATCH", `users/${id}`, { role: "operator" })).toMatchObject({ id, role: "operator" });
      expect((await server.ok("GET", "users")).items).toContainEqual(expect.objectContaining({ id, name }));
      const stored = await query("SELECT password_hash FROM fleet_user WHERE id = $1", [id]);
      expect(stored.rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect((await server.request("DELETE", `users/${id}`)).status).toBe(204);
      expect((await server.request("DELETE", `users/${id}`)).status).toBe(404);
      const entries = await auditOf(server, { resource: `users/${id}`, outcome: "done" });
      expect(entries).toMatchObject([
        { action: "DELETE /api/v1/users/{id}", before: { role: "operator" } },
        { action: "PATCH /api/v1/users/{id}", before: { role: "viewer" }, after: { role: "operator" } },
        { action: "POST /api/v1/users", request: { body: { password: "***" } } },
      ]);
    });

    it("lose their sessions with their password, and their rights with their role, at once", async () => {
      const { user, browser } = await signedIn("operator");
      expect((await browser.request("POST", "devices", { name: "x" })).status).toBe(201);
      await server.ok("PATCH", `users/${user.id}`, { role: "viewer" });
      expect((await browser.request("POST", "devices", { name: "x" })).status).toBe(403);
      await server.ok("PATCH", `users/${user.id}`, { password: "another long password" });
      expect((await browser.request("GET", "devices")).status).toBe(401);
      expect((await browser.signIn(user.name, PASSWORD)).status).toBe(401);
      expect((await browser.signIn(user.name, "another long password")).status).toBe(201);
      await server.request("DELETE", `users/${user.id}`);
      expect((await browser.request("GET", "devices")).status).toBe(401);
    });
  });

  describe("their sessions", () => {
    it("are a cookie that no script and no other site can use, and of which only a hash is kept", async () => {
      const user = await makeUser();
      const browser = new Browser(server.url);
      const answer = await browser.signIn(` ${user.name.toUpperCase()} `, PASSWORD);
      expect(answer.body).toEqual({
        ...{ kind: "user", name: user.name, role: "operator", fleet: "host", isHost: true },
        expiresAt: expect.stringMatching(/^\d{4}-/),
      });
      expect(answer.headers.get("set-cookie")).toMatch(
        /^fleet_session=mfs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
      );
      const { rows } = await query("SELECT row_to_json(s)::text AS row FROM user_session s");
      expect(rows.map(({ row }) => row).join()).not.toContain(browser.cookie!.slice("fleet_session=mfs_".length));
      expect((await browser.request("GET", "session")).body).toMatchObject({ kind: "user", name: user.name });
      expect(await auditOf(server, { actor: user.id })).toMatchObject([
        { action: "POST /api/v1/session", actor: { kind: "user", name: user.name }, outcome: "done" },
      ]);
    });

    it("act only for pages of this server", async () => {
      const { browser } = await signedIn();
      const { host } = new URL(server.url);
      const post = async (headers: Record<string, string>) =>
        (await browser.request("POST", "devices", { name: "x" }, headers)).status;
      expect(await post({})).toBe(201);
      expect(await post({ origin: `http://${host}` })).toBe(201);
      expect(await post({ origin: "https://evil.example" })).toBe(403);
      expect(await post({ origin: "null" })).toBe(403);
      expect(await post({ "sec-fetch-site": "cross-site" })).toBe(403);
      expect(await post({ origin: `http://${host}`, "sec-fetch-site": "same-site" })).toBe(403);
      expect(await post({ origin: "https://behind-a-proxy.example", "sec-fetch-site": "same-origin" })).toBe(201);
      const bare = await fetch(`${server.url}/api/v1/devices`, {
        method: "POST",
        headers: { cookie: browser.cookie!, "content-type": "application/json" },
        body: '{"name":"x"}',
      });
      expect(bare.status).toBe(403);
      // A key needs none of it: no browser sends it by itself.
      const headers = { origin: "https://evil.example" };
      expect((await server.request("POST", "devices", { name: "x" }, headers)).status).toBe(201);
      // A wrong key is not made up for by a cookie.
      expect((await browser.request("GET", "devices", undefined, { authorization: "Bearer mfk_wrong" })).status).toBe(
        401,
      );
      const forged = await browser.request("POST", "session", { name: "a", password: "b" }, headers);
      expect(forged.status).toBe(403);
    });

    it("end when they are idle, when they are old, and when their person says so", async () => {
      const { browser } = await signedIn();
      const status = async () => (await browser.request("GET", "devices")).status;
      await query("UPDATE user_session SET seen_at = now() - interval '59 minutes'");
      expect(await status()).toBe(200); // and is alive for another hour
      await query("UPDATE user_session SET seen_at = seen_at - interval '61 minutes'");
      expect(await status()).toBe(401);
      await query("UPDATE user_session SET seen_at = now()");
      expect(await status()).toBe(200);
      await query("UPDATE user_session SET created_at = now() - interval '13 hours'");
      expect(await status()).toBe(401);
      await server.app.get(UsersUpkeep).clean();
      expect((await query("SELECT 1 FROM user_session")).rowCount).toBe(0);

      const { browser: other } = await signedIn();
      const stolen = Object.assign(new Browser(server.url), { cookie: other.cookie });
      expect((await other.request("DELETE", "session")).status).toBe(204);
      expect(other.cookie).toBeUndefined();
      expect((await stolen.request("GET", "devices")).status).toBe(401);
    });

    it("get another secret from time to time, while what is under way goes on with the former one", async () => {
      const { browser } = await signedIn();
      const former = browser.cookie!;
      await query("UPDATE user_session SET rotated_at = now() - interval '16 minutes'");
      const both = [browser, Object.assign(new Browser(server.url), { cookie: former })];
      const answers = await Promise.all(both.map((each) => each.request("GET", "devices")));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers.filter(({ headers }) => headers.has("set-cookie"))).toHaveLength(1);
      const next = both.map(({ cookie }) => cookie).find((cookie) => cookie !== former)!;
      const status = async (cookie: string) =>
        (await Object.assign(new Browser(server.url), { cookie }).request("GET", "devices")).status;
      expect([await status(former), await status(next)]).toEqual([200, 200]);
      await query("UPDATE user_session SET used_at = now() - interval '2 minutes'");
      expect([await status(former), await status(next)]).toEqual([401, 200]);
    });

    it("are not lost with an answer that brought another secret", async () => {
      const { browser } = await signedIn();
      const former = browser.cookie!;
      await query("UPDATE user_session SET rotated_at = now() - interval '16 minutes'");
      await browser.request("GET", "devices");
      const lost = browser.cookie!;
      browser.cookie = former;
      await query("UPDATE user_session SET rotated_at = now() - interval '10 minutes'");
      expect((await browser.request("GET", "devices")).status).toBe(200);
      expect(new Set([former, lost, browser.cookie]).size).toBe(3);
      expect((await browser.request("GET", "devices")).status).toBe(200);
      browser.cookie = lost;
      expect((await browser.request("GET", "devices")).status).toBe(401);
    });

    it("end with a change of the password, but for the one that changes it", async () => {
      const { user, browser } = await signedIn("viewer");
      const elsewhere = new Browser(server.url);
      await elsewhere.signIn(user.name, PASSWORD);
      const change = (currentPassword: string, password: string) =>
        browser.request("PUT", "session/password", { currentPassword, password });
      expect((await change("wrong", "a brand new one")).body.errors[0].path).toBe("currentPassword");
      expect((await change(PASSWORD, "short")).body.errors[0].path).toBe("password");
      const old = browser.cookie;
      expect((await change(PASSWORD, "a brand new one")).status).toBe(204);
      expect(browser.cookie).not.toBe(old);
      expect((await browser.request("GET", "devices")).status).toBe(200);
      expect((await elsewhere.request("GET", "devices")).status).toBe(401);
      expect((await elsewhere.signIn(user.name, "a brand new one")).status).toBe(201);
      const key = await server.request("PUT", "session/password", {
        currentPassword: "x",
        password: "a brand new one",
      });
      expect(key.status).toBe(409);
    });
  });

  describe("whoever guesses", () => {
    it("learns nothing of who has an account", async () => {
      const { name } = await makeUser();
      const wrong = await new Browser(server.url).signIn(name, "not the password");
      const unknown = await new Browser(server.url).signIn("nobody-at-all", "not the password");
      expect(wrong.status).toBe(401);
      expect(unknown.body).toEqual(wrong.body);
      await eventually(async () => {
        const refused = await auditOf(server, { action: "POST /api/v1/session", outcome: "refused" });
        expect(refused).toContainEqual(
          expect.objectContaining({
            status: 401,
            actor: expect.objectContaining({ kind: "nobody" }),
            request: { name },
          }),
        );
        expect(JSON.stringify(refused)).not.toContain("not the password");
      });
    });

    it("has to wait longer and longer, even with many at once, and then even with the right password", async () => {
      const { name } = await makeUser();
      const browser = new Browser(server.url);
      const delays: number[] = [];
      for (let n = 0; n < 9; n++) {
        expect((await browser.signIn(name, "guess")).status).toBe(401);
        const { rows } = await query(
          "SELECT max(extract(epoch FROM blocked_until - last_at))::int AS s FROM sign_in_failure",
        );
        delays.push(rows[0].s);
        await query("UPDATE sign_in_failure SET blocked_until = now()");
      }
      expect(delays).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8]);

      await query("UPDATE sign_in_failure SET failures = 14");
      const guesses = await Promise.all(Array.from({ length: 8 }, () => browser.signIn(name, "guess")));
      expect(guesses.map(({ status }) => status).sort()).toEqual([401, ...Array<number>(7).fill(429)]);
      const refused = await browser.signIn(name, PASSWORD);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);

      await query("UPDATE sign_in_failure SET blocked_until = now()");
      expect((await browser.signIn(name, PASSWORD)).status).toBe(201);
      expect((await browser.signIn(name, "guess")).status).toBe(401); // the count began anew
      expect((await browser.signIn(name, PASSWORD)).status).toBe(201);
    });

    it("locks out nobody from where they have signed in before", async () => {
      const { user, browser } = await signedIn();
      // Somebody with many networks has used up the patience that the name gets from strangers.
      await query("UPDATE sign_in_failure SET blocked_until = now() + interval '1 minute'");
      await query("DELETE FROM sign_in_failure WHERE key <> sha256(convert_to($1, 'UTF8'))", [
        JSON.stringify(["name", user.name]),
      ]);
      expect((await query("SELECT 1 FROM sign_in_failure")).rowCount).toBe(1);
      expect((await browser.signIn(user.name, PASSWORD)).status).toBe(201);
      await query("UPDATE sign_in_failure SET blocked_until = now() + interval '1 minute'");
      await query("DELETE FROM user_network");
      expect((await browser.signIn(user.name, PASSWORD)).status).toBe(429);
    });
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:1::1", "2001:db8:1:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("takes %s for the network %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
