import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../../devices/devices.module";
import { auditOf } from "../../test-support/audit-log";
import { Browser } from "../../test-support/browser";
import { OpenidProvider } from "../../test-support/openid-provider";
import { TestApp } from "../../test-support/test-app";
import { WebBrowser } from "../../test-support/web-browser";
import { UsersModule } from "../users.module";

const FLEET = "https://fleet.example.com";
const CALLBACK = `${FLEET}/api/v1/session/oidc/callback`;
const PASSWORD = "correct horse battery";

describe("people of an OpenID provider", () => {
  let testDatabase: TestDatabase;
  let provider: OpenidProvider;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    provider = await OpenidProvider.start(CALLBACK);
    server = await TestApp.start([DevicesModule, UsersModule], testDatabase.url, {
      // As behind a proxy where TLS ends.
      trustedProxies: ["127.0.0.1"],
      oidc: {
        ...provider.client,
        publicUrl: new URL(FLEET),
        scope: "openid profile email",
        roleClaim: "roles",
        roles: new Map([
          ["viewer", "viewer"],
          ["technicians", "operator"],
          ["fleet-admins", "admin"],
        ]),
      },
    });
  }, 60_000);
  afterEach(() => (provider.tampering = undefined));
  afterAll(async () => {
    await server.stop();
    await provider.stop();
    await testDatabase.drop();
  });

  let subjects = 0;
  const person = (claims: object = { roles: ["technicians"] }) => {
    const sub = `person-${++subjects}`;
    provider.people.set(sub, { preferred_username: `P${subjects}@Example.com`, ...claims });
    return sub;
  };
  const newBrowser = () => new WebBrowser(new Map([[FLEET, server.url]]));

  /** From the dashboard's button to where the provider sends the browser. */
  const toProvider = async (browser: WebBrowser): Promise<string> => {
    const begun = await browser.request("POST", `${FLEET}/api/v1/session/oidc`);
    expect(begun.status).toBe(201);
    return (begun.body as { url: string }).url;
  };
  /** The person proves themselves at the provider, which sends the browser back: to this address. */
  const throughProvider = async (browser: WebBrowser, url: string, sub: string): Promise<URL> => {
    let page = await browser.open(url, { stopAt: FLEET });
    const forms: Record<string, string>[] = [{ prompt: "login", login: sub, password: "any" }, { prompt: "consent" }];
    for (const form of forms) {
      if (page.url.origin === FLEET) break;
      const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? "";
      page = await browser.open(new URL(action, page.url), { form, stopAt: FLEET });
    }
    expect(page.url.href).toMatch(new RegExp(`^${CALLBACK}\\?`));
    return page.url;
  };
  const signIn = async (sub: string, browser = newBrowser()) => {
    const back = await throughProvider(browser, await toProvider(browser), sub);
    const { url } = await browser.open(back);
    return { browser, hash: url.hash, back };
  };
  const sessionOf = (browser: WebBrowser) => browser.request("GET", `${FLEET}/api/v1/session`);
  const usersNamed = async (name: string) =>
    (await server.ok("GET", "users")).items.filter((user: { name: string }) => user.name.startsWith(name));

  it("are told of at the sign-in page, and get a session like all others", async () => {
    const sub = person();
    const browser = newBrowser();
    expect(await browser.request("GET", `${FLEET}/api/v1/session/oidc`)).toEqual({
      status: 200,
      body: { host: provider.issuer.host },
    });
    expect((await signIn(sub, browser)).hash).toBe("#signed-in");
    expect(await sessionOf(browser)).toMatchObject({
      status: 200,
      body: { kind: "user", name: `p${subjects}@example.com`, role: "operator" },
    });
    const session = browser.setCookies.find((set) => set.startsWith("fleet_session="));
    expect(session).toMatch(/^fleet_session=mfs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const pending = browser.setCookies.find((set) => set.startsWith("fleet_sign_in="));
    expect(pending).toMatch(/; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/);
    expect([...browser.cookies.get(FLEET)!.keys()]).toEqual(["fleet_session"]);
    const { status } = await browser.request("DELETE", `${FLEET}/api/v1/session`);
    expect([status, (await sessionOf(browser)).status]).toEqual([204, 401]);
  });

  it("send both cookies over TLS alone where it is known that they came by it", async () => {
    const begun = await fetch(`${server.url}/api/v1/session/oidc`, {
      method: "POST",
      headers: { "x-fleet-request": "1", "x-forwarded-proto": "https" },
    });
    expect(begun.headers.get("set-cookie")).toMatch(/^__Host-fleet_sign_in=.*; Secure; SameSite=Lax$/);
  });

  it("are made users at their first sign-in, once, whatever their name, and each sign-in is on record", async () => {
    const name = `twin-${subjects}`;
    await server.ok("POST", "users", { name, role: "admin", password: PASSWORD });
    const sub = person({ preferred_username: name, roles: ["viewer"] });
    for (let n = 0; n < 2; n++) expect((await signIn(sub)).hash).toBe("#signed-in");
    const [byPassword, ofProvider, ...more] = await usersNamed(name);
    expect(more).toEqual([]);
    expect(byPassword).toMatchObject({ name, role: "admin", issuer: null, signedInAt: null });
    expect(ofProvider).toMatchObject({ role: "viewer", issuer: provider.issuer.origin, passwordChangedAt: null });
    expect(ofProvider.name).toMatch(new RegExp(`^${name}\\.[\\da-f]{16}$`));
    const entries = await auditOf(server, { resource: `users/${ofProvider.id}` });
    expect(entries).toMatchObject([
      { action: "GET /api/v1/session/oidc/callback", after: { subject: sub, roleBefore: "viewer" }, outcome: "done" },
      { action: "GET /api/v1/session/oidc/callback", actor: { id: ofProvider.id }, after: { role: "viewer" } },
    ]);
    expect(entries[1]?.after).not.toHaveProperty("roleBefore");
  });

  it("come to one user when they sign in twice at once", async () => {
    const sub = person();
    const both = await Promise.all([signIn(sub), signIn(sub)]);
    expect(both.map(({ hash }) => hash)).toEqual(["#signed-in", "#signed-in"]);
    expect(await usersNamed(`p${subjects}@`)).toHaveLength(1);
  });

  it("have the role that the provider says, from their next sign-in on, and none here without one", async () => {
    const sub = person({ roles: ["viewer", "fleet-admins"] });
    const { browser } = await signIn(sub);
    expect((await browser.request("GET", `${FLEET}/api/v1/users`)).status).toBe(200);
    provider.people.set(sub, { ...provider.people.get(sub), roles: "technicians" });
    expect((await signIn(sub)).hash).toBe("#signed-in");
    expect((await browser.request("GET", `${FLEET}/api/v1/users`)).status).toBe(403); // the session of before
    provider.people.set(sub, { ...provider.people.get(sub), roles: ["admin", 7] });
    const refused = await signIn(sub);
    expect([refused.hash, (await sessionOf(refused.browser)).status]).toEqual(["#sign-in=no-role", 401]);
    expect((await sessionOf(browser)).status).toBe(401);
    await eventually(async () => {
      const entries = await auditOf(server, { action: "GET /api/v1/session/oidc/callback", outcome: "refused" });
      expect(entries).toContainEqual(
        expect.objectContaining({ status: 403, request: expect.objectContaining({ subject: sub }) }),
      );
    });
    const stranger = person({ roles: [] });
    expect((await signIn(stranger)).hash).toBe("#sign-in=no-role");
    expect(await usersNamed(`p${subjects}@`)).toEqual([]);
  });

  it("have no password here, and get none", async () => {
    const { browser } = await signIn(person());
    const [{ id, name }] = await usersNamed(`p${subjects}@`);
    expect((await new Browser(server.url).signIn(name, "null")).status).toBe(401);
    for (const change of [{ password: PASSWORD }, { role: "admin" }])
      expect((await server.request("PATCH", `users/${id}`, change)).status).toBe(409);
    const own = Object.assign(new Browser(server.url), {
      cookie: `fleet_session=${browser.cookies.get(FLEET)!.get("fleet_session")}`,
    });
    const change = { currentPassword: "null", password: PASSWORD };
    expect((await own.request("PUT", "session/password", change)).status).toBe(409);
    expect((await server.request("DELETE", `users/${id}`)).status).toBe(204);
    expect((await sessionOf(browser)).status).toBe(401);
  });

  describe("are not let in", () => {
    const refusedWith = async (browser: WebBrowser, back: URL | string) => {
      const { url } = await browser.open(back);
      expect(url.hash).toBe("#sign-in=refused");
      expect((await sessionOf(browser)).status).toBe(401);
    };

    it("with another state, without their browser's cookie, or with a cookie that was forged", async () => {
      const sub = person();
      const [browser, other] = [newBrowser(), newBrowser()];
      const back = await throughProvider(browser, await toProvider(browser), sub);
      await toProvider(other);
      await refusedWith(newBrowser(), back);
      await refusedWith(other, back);
      const forged = new URL(back);
      forged.searchParams.set("state", "forged");
      const pending = browser.cookies.get(FLEET)!.get("fleet_sign_in")!;
      await refusedWith(browser, forged);
      for (const value of [pending.slice(0, -4), `${pending}AAAA`, "x", "."]) {
        browser.cookies.get(FLEET)!.set("fleet_sign_in", value);
        await refusedWith(browser, back);
      }
      expect(await usersNamed(`p${subjects}@`)).toEqual([]);
      browser.cookies.get(FLEET)!.set("fleet_sign_in", pending);
      expect((await browser.open(back)).url.hash).toBe("#signed-in"); // it was good all the time
    });

    it("with a code that was used, even by a browser that kept its cookie", async () => {
      const browser = newBrowser();
      const back = await throughProvider(browser, await toProvider(browser), person());
      const pending = browser.cookies.get(FLEET)!.get("fleet_sign_in")!;
      expect((await browser.open(back)).url.hash).toBe("#signed-in");
      const thief = newBrowser();
      thief.cookies.set(FLEET, new Map([["fleet_sign_in", pending]]));
      await refusedWith(thief, back);
    });

    const now = () => Math.floor(Date.now() / 1_000);
    it.each<[string, (claims: Record<string, unknown>) => object]>([
      ["a wrong nonce", (claims) => ({ ...claims, nonce: "of another sign-in" })],
      ["no nonce", ({ nonce: _nonce, ...claims }) => claims],
      ["another audience", (claims) => ({ ...claims, aud: "another-client" })],
      ["another issuer", (claims) => ({ ...claims, iss: "https://accounts.example.org" })],
      ["an expired token", (claims) => ({ ...claims, iat: now() - 7_200, exp: now() - 3_600 })],
      ["no subject", ({ sub: _sub, ...claims }) => claims],
    ])("with %s", async (_name, change) => {
      provider.tampering = (answer) => ({ ...answer, id_token: provider.sign(change(claimsOf(answer))) });
      const { browser, hash } = await signIn(person());
      expect([hash, (await sessionOf(browser)).status]).toEqual(["#sign-in=refused", 401]);
      expect(await usersNamed(`p${subjects}@`)).toEqual([]);
    });

    it("with a token that somebody else signed, or nobody", async () => {
      const elsewhere = await OpenidProvider.start(CALLBACK);
      const unsigned = (claims: object) =>
        [{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") +
        ".";
      for (const sign of [(claims: object) => elsewhere.sign(claims), unsigned]) {
        provider.tampering = (answer) => ({ ...answer, id_token: sign(claimsOf(answer)) });
        expect((await signIn(person())).hash).toBe("#sign-in=refused");
      }
      provider.tampering = (answer) => ({ ...answer, id_token: provider.sign(claimsOf(answer)) });
      expect((await signIn(person())).hash).toBe("#signed-in"); // what the others would be, well signed
      await elsewhere.stop();
    });

    it("who turn back at the provider", async () => {
      const browser = newBrowser();
      const { searchParams } = new URL(await toProvider(browser));
      const state = searchParams.get("state");
      await refusedWith(browser, `${CALLBACK}?error=access_denied&state=${state}&iss=${provider.issuer.origin}`);
    });

    it("by a page of another site", async () => {
      const headers = { "x-fleet-request": "1", origin: "https://evil.example" };
      const begun = await fetch(`${server.url}/api/v1/session/oidc`, { method: "POST", headers });
      expect(begun.status).toBe(403);
    });
  });

  it("find a clear word while the provider is away, and people with a password go on", async () => {
    const away = await OpenidProvider.start(CALLBACK);
    const name = `local-${subjects}`;
    await server.ok("POST", "users", { name, role: "viewer", password: PASSWORD });
    const oidc = { ...away.client, publicUrl: new URL(FLEET), scope: "openid", roleClaim: "roles", roles: new Map() };
    const other = await TestApp.start([DevicesModule, UsersModule], testDatabase.url, { oidc });
    const browser = new WebBrowser(new Map([[FLEET, other.url]]));
    const back = await throughProvider(browser, await toProvider(browser), "anybody");
    await away.stop();
    expect((await browser.open(back)).url.hash).toBe("#sign-in=provider");
    const since = await TestApp.start([DevicesModule, UsersModule], testDatabase.url, { oidc });
    const begun = await new Browser(since.url).request("POST", "session/oidc");
    expect([begun.status, begun.body.detail]).toEqual([
      503,
      `The OpenID provider at ${away.issuer.host} does not answer as it should.`,
    ]);
    expect((await new Browser(since.url).signIn(name, PASSWORD)).status).toBe(201);
    await Promise.all([other.stop(), since.stop()]);
  }, 30_000);

  it("are nowhere without a provider", async () => {
    const without = await TestApp.start([DevicesModule, UsersModule], testDatabase.url);
    const browser = new Browser(without.url);
    expect((await browser.request("GET", "session/oidc")).body).toEqual({ host: null });
    expect((await browser.request("POST", "session/oidc")).status).toBe(404);
    await without.stop();
  });
});

function claimsOf({ id_token: token }: Record<string, unknown>): Record<string, unknown> {
  const [, payload = ""] = String(token).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}
