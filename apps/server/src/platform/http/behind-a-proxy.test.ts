import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../../devices/devices.module";
import { auditOf } from "../../test-support/audit-log";
import { Browser } from "../../test-support/browser";
import { TestApp } from "../../test-support/test-app";
import { UsersModule } from "../../users/users.module";

const FORWARDED = {
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "fleet.example",
};

describe("headers", () => {
  let testDatabase: TestDatabase;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
  });
  afterAll(() => testDatabase.drop());

  const started = (trustedProxies: string[]) =>
    TestApp.start([DevicesModule, UsersModule], testDatabase.url, { trustedProxies });
  /** Who the server takes a caller for, and what it answers. */
  const ask = async (server: TestApp) => {
    const { body, headers } = await server.request("POST", "devices", { name: "x" }, FORWARDED);
    const [entry] = await auditOf(server, { resource: `devices/${body.id}` });
    return { address: entry?.from.address, headers };
  };

  it.each([
    ["nobody", [], "127.0.0.1"],
    ["another proxy", ["10.0.0.0/8"], "127.0.0.1"],
    ["this proxy", ["127.0.0.1"], "203.0.113.9"],
    ["this proxy by its network", ["127.0.0.0/8"], "203.0.113.9"],
  ])("of a proxy are believed where %s is trusted", async (_who, trusted, expected) => {
    const server = await started(trusted);
    const { address, headers } = await ask(server);
    expect(address).toBe(expected);
    const isTrusted = expected !== "127.0.0.1";
    expect(headers.get("strict-transport-security")).toBe(isTrusted ? "max-age=31536000" : null);
    await server.ok("POST", "users", {
      name: `u${trusted.length}${address}`,
      role: "viewer",
      password: "a long password",
    });
    const browser = new Browser(server.url);
    const answer = await browser.request(
      "POST",
      "session",
      { name: `u${trusted.length}${address}`, password: "a long password" },
      { ...FORWARDED, ...(isTrusted && { origin: "https://fleet.example" }) },
    );
    expect(answer.status).toBe(201);
    expect(answer.headers.get("set-cookie")).toMatch(
      isTrusted ? /^__Host-fleet_session=.*; HttpOnly; Secure; SameSite=Strict$/ : /^fleet_session=(?!.*Secure)/,
    );
    await server.ok("DELETE", `users/${(await server.ok("GET", "users")).items.at(-1).id}`);
    await server.stop();
  });

  it("keep browsers from reading, framing and guessing at answers", async () => {
    const server = await started([]);
    const { headers } = await server.request("GET", "devices", undefined, { origin: "https://evil.example" });
    const of = (name: string) => headers.get(name);
    expect(of("access-control-allow-origin")).toBeNull();
    expect(of("content-security-policy")).toMatch(/default-src 'self'.*object-src 'none'.*frame-ancestors 'none'/);
    expect(of("content-security-policy")).not.toContain("script-src");
    expect([of("x-content-type-options"), of("x-frame-options")]).toEqual(["nosniff", "DENY"]);
    expect([of("cross-origin-opener-policy"), of("cross-origin-resource-policy")]).toEqual([
      "same-origin",
      "same-origin",
    ]);
    expect(of("cache-control")).toBe("no-store");
    const preflight = await server.request("OPTIONS", "devices", undefined, {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
    });
    expect(preflight.status).toBe(405);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    await server.stop();
  });
});
