import { decodeKey, readSettings } from "./read-settings";
import { SettingsError } from "./settings-error";

describe("readSettings", () => {
  it("needs nothing: embedded services, all roles, local only", () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      port: 3000,
      host: "127.0.0.1",
      databaseUrl: undefined,
      redisUrl: undefined,
      redisPrefix: "mn316-fleet",
      dataDir: ".fleet",
      retentionDays: 90,
      historyDays: 400,
      webhookNetworks: [],
      smtpUrl: undefined,
      mailFrom: undefined,
      trustedProxies: [],
      logLevel: "info",
    });
    expect([...settings.roles]).toEqual(["api", "gateway", "worker"]);
    expect(settings.nodeId).not.toBe(readSettings({}).nodeId);
  });

  it("takes an empty variable for an absent one", () => {
    expect(readSettings({ DATABASE_URL: "", PORT: "" })).toMatchObject({ databaseUrl: undefined, port: 3000 });
  });

  it("reads what is given", () => {
    expect(
      readSettings({
        PORT: "8080",
        HOST: "0.0.0.0",
        DATABASE_URL: "postgresql://fleet@db/fleet",
        REDIS_URL: "rediss://cache:6380",
        FLEET_REDIS_PREFIX: "north",
        FLEET_ROLES: "api, worker",
        FLEET_NODE_ID: "node-1",
        FLEET_RETENTION_DAYS: "7",
        FLEET_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8,::1",
        FLEET_SECRET_KEY: "ab".repeat(32),
        FLEET_WEBHOOK_NETWORKS: "10.1.0.0/16, fd00::/8",
        FLEET_SMTP_URL: "smtps://fleet:secret@mail:465",
        FLEET_MAIL_FROM: "The fleet <fleet@example.com>",
      }),
    ).toMatchObject({
      port: 8080,
      host: "0.0.0.0",
      databaseUrl: "postgresql://fleet@db/fleet",
      redisUrl: "rediss://cache:6380",
      redisPrefix: "north",
      roles: new Set(["api", "worker"]),
      nodeId: "node-1",
      retentionDays: 7,
      webhookNetworks: ["10.1.0.0/16", "fd00::/8"],
      smtpUrl: "smtps://fleet:secret@mail:465",
      mailFrom: "The fleet <fleet@example.com>",
      trustedProxies: ["127.0.0.1", "10.0.0.0/8", "::1"],
    });
  });

  it.each([
    ["PORT", "http", "a TCP port"],
    ["PORT", "0", "a TCP port"],
    ["PORT", "65536", "a TCP port"],
    ["PORT", "80.5", "a TCP port"],
    ["DATABASE_URL", "mysql://db", "postgres://"],
    ["DATABASE_URL", "db:5432", "postgres://"],
    ["REDIS_URL", "http://cache", "redis://"],
    ["FLEET_REDIS_PREFIX", "{a}", "letters"],
    ["FLEET_ADMIN_KEY", "short", "16 characters"],
    ["FLEET_SECRET_KEY", "abcd", "32 bytes"],
    ["FLEET_ROLES", "api,cook", "api, gateway, worker"],
    ["FLEET_NODE_ID", "a b", "letters"],
    ["FLEET_RETENTION_DAYS", "0", "1 to 9999"],
    ["FLEET_HISTORY_DAYS", "ten", "1 to 9999"],
    ["FLEET_HISTORY_DAYS", "89", "at least as many days as FLEET_RETENTION_DAYS"],
    ["FLEET_WEBHOOK_NETWORKS", "10.1.0.0", "10.1.0.0/16"],
    ["FLEET_WEBHOOK_NETWORKS", "10.0.0.0/33", "10.1.0.0/16"],
    ["FLEET_SMTP_URL", "mail:25", "smtp://"],
    ["FLEET_MAIL_FROM", "fleet", "fleet@example.com"],
    ["FLEET_MAIL_FROM", "a@b\r\nBcc: c@d", "fleet@example.com"],
    ["FLEET_TRUSTED_PROXIES", "proxy.example", "networks such as"],
    ["LOG_LEVEL", "loud", "info"],
  ])("refuses %s=%s in one line that names it and says what is expected", (name, value, expected) => {
    const read = () => readSettings({ [name]: value });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(new RegExp(`^${name} [^\n]*${expected}`));
  });

  it("refuses a mail server without an address that mails come from", () => {
    expect(() => readSettings({ FLEET_SMTP_URL: "smtp://mail" })).toThrow(
      /^FLEET_MAIL_FROM is missing: .*FLEET_SMTP_URL/,
    );
  });

  it("keeps history at least as long as raw events", () => {
    expect(readSettings({ FLEET_RETENTION_DAYS: "500" }).historyDays).toBe(500);
    expect(readSettings({ FLEET_RETENTION_DAYS: "7", FLEET_HISTORY_DAYS: "30" }).historyDays).toBe(30);
  });

  it("never repeats a secret's value", () => {
    expect(() => readSettings({ FLEET_ADMIN_KEY: "hunter2" })).toThrow(/^(?!.*hunter2)/);
  });

  it("reads 32 bytes as hex and as base64", () => {
    const key = Buffer.alloc(32, 7);
    expect(decodeKey(key.toString("hex"))).toEqual(key);
    expect(decodeKey(key.toString("base64"))).toEqual(key);
  });
});
