import {
  alertChannelSchema,
  alertRuleSchema,
  liveEventSchema,
  silenceSchema,
  type WriteAlertRuleInput,
} from "@mn316-fleet/contracts";
import pino from "pino";
import { rotatePasswords } from "../rotate-passwords";
import { AlertsUnderTest, SECRET_KEY } from "../test-support/alerts-under-test";
import { AlertUpkeep } from "./upkeep";

const WEBHOOK = { name: "hook", kind: "webhook", url: "https://hooks.example.com/services/T0/secret-part" };

describe("alerts over REST", () => {
  let fleet: AlertsUnderTest;
  let channelId: string;
  beforeEach(async () => {
    fleet = await AlertsUnderTest.start();
    channelId = (await fleet.app.ok("POST", "alert-channels", WEBHOOK)).id;
  });
  afterEach(async () => {
    await fleet.stop();
  });
  const rule = (fields: Partial<WriteAlertRuleInput> = {}) =>
    fleet.rule({ channelIds: [channelId], clearAfterS: 0, ...fields });
  const told = async () =>
    ((await fleet.app.ok("GET", "notifications")).items as { type: string; alerts: number }[]).map(
      ({ type, alerts }) => `${type} ${alerts}`,
    );
  const offline = async (fields: { tags?: string[]; cell?: string } = {}) => {
    const id = await fleet.device(fields);
    await fleet.link([id], false, 0);
    return id;
  };

  describe("silences", () => {
    const silence = (fields: object) =>
      fleet.app.ok("POST", "silences", { to: fleet.at(30).toISOString(), reason: "works", ...fields });

    it("keep what they cover untold while they last, and record it", async () => {
      await rule();
      const [north] = [await offline({ tags: ["north"] }), await offline({ tags: ["south"] })];
      const made = await silence({ selector: { tags: ["north"] } });
      expect(silenceSchema.parse(made)).toEqual(made);
      await fleet.look(6);
      const open = await fleet.alerts();
      expect(open.filter(({ isSilenced }) => isSilenced).map(({ deviceId }) => deviceId)).toEqual([north]);
      expect(await told()).toEqual(["alerts.firing 1"]);
      await fleet.look(31); // the silence is over, and it still is offline
      expect(await told()).toEqual(["alerts.firing 1", "alerts.firing 1"]);
      expect((await fleet.alerts()).some(({ isSilenced }) => isSilenced)).toBe(false);
    });

    it("cover a group only when they cover all of its devices", async () => {
      await rule({ groupBy: { by: "cell", minDevices: 2 } });
      for (const tags of [["north"], ["south"]]) await offline({ tags, cell: "c" });
      await silence({ selector: { tags: ["north"] } });
      await fleet.look(6);
      expect(await fleet.alerts()).toMatchObject([{ devices: 2, isSilenced: false }]);
      await silence({ selector: { tags: ["south"] } });
      await fleet.look(7);
      expect(await fleet.alerts()).toMatchObject([{ isSilenced: true }]);
    });

    it("of a rule say nothing of its end either, and can be removed", async () => {
      const { id: ruleId } = await rule();
      const [back] = [await offline(), await offline()];
      const { id } = await silence({ ruleId });
      await fleet.look(6);
      await fleet.link([back], true, 7);
      await fleet.look(8);
      expect(await told()).toEqual([]);
      expect((await fleet.app.ok("GET", "silences")).items).toMatchObject([{ id, isActive: true, ruleId }]);
      expect((await fleet.app.request("DELETE", `silences/${id}`)).status).toBe(204);
      await fleet.look(9);
      expect(await told()).toEqual(["alerts.firing 1"]);
    });
  });

  it("are acknowledged by the first who says so, and told no more", async () => {
    await rule();
    await offline();
    await fleet.look(6);
    const [{ id }] = (await fleet.alerts()) as [{ id: string }];
    const key = (await fleet.app.ok("POST", "api-keys", { name: "Ann", role: "operator" })).key;
    const first = await fleet.app.request("POST", `alerts/${id}/acknowledge`, { note: "on my way" }, { key });
    expect(first.body).toMatchObject({ state: "acknowledged", acknowledgedBy: "Ann", note: "on my way" });
    const again = await fleet.app.ok("POST", `alerts/${id}/acknowledge`, { note: "me, too" });
    expect(again).toMatchObject({ acknowledgedBy: "Ann", note: "on my way" });
    expect(await fleet.alerts("state=firing")).toEqual([]);
    expect(await fleet.alerts("state=acknowledged")).toHaveLength(1);
    await fleet.look(7);
    expect(await told()).toEqual(["alerts.firing 1"]);
    await fleet.link([(await fleet.alerts())[0].deviceId], true, 8);
    await fleet.look(9);
    expect(await told()).toEqual(["alerts.resolved 1", "alerts.firing 1"]);
    expect((await fleet.app.request("POST", `alerts/${id}/acknowledge`)).status).toBe(409);
  });

  it("are over with their rule: switched off, asking for something else, or removed; not for less", async () => {
    const made = await rule();
    expect(alertRuleSchema.strict().parse(made)).toEqual(made);
    const body = { name: "offline", kind: "device-offline", selector: { all: true }, channelIds: [channelId] };
    await offline();
    await fleet.look(6);
    await fleet.app.ok("PUT", `alert-rules/${made.id}`, { ...body, params: { forS: 600 }, severity: "info" });
    await fleet.look(6.1);
    expect(await fleet.alerts()).toHaveLength(1);
    const off = await fleet.app.ok("PUT", `alert-rules/${made.id}`, { ...body, params: {}, isEnabled: false });
    expect(off).toMatchObject({ version: 3, isEnabled: false, openAlerts: 0 });
    expect(await fleet.alerts("")).toMatchObject([{ resolution: "rule-disabled" }]);
    expect(await fleet.look(7)).toBe(0);
    await fleet.app.ok("PUT", `alert-rules/${made.id}`, { ...body, params: {} });
    await fleet.look(8);
    await fleet.app.ok("PUT", `alert-rules/${made.id}`, { ...body, params: {}, groupBy: { by: "cell" } });
    expect((await fleet.alerts("")).map(({ resolution }) => resolution)).toEqual(["rule-changed", "rule-disabled"]);
    expect(await told()).toEqual(["alerts.resolved 1", "alerts.firing 1", "alerts.resolved 1", "alerts.firing 1"]);
  });

  it("are pages, the newest first, and can be asked for by rule, device and severity", async () => {
    const { id: ruleId } = await rule({ severity: "critical" });
    await rule({ name: "other", severity: "info" });
    const ids = [await offline(), await offline(), await offline()];
    await fleet.look(6);
    const seen: string[] = [];
    let query = "alerts?limit=2";
    for (let cursor: string | null = ""; cursor !== null; query = `alerts?limit=2&cursor=${cursor}`) {
      const page = await fleet.app.ok("GET", query);
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      cursor = page.next as string | null;
    }
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
    expect(await fleet.alerts(`ruleId=${ruleId}`)).toHaveLength(3);
    expect(await fleet.alerts(`deviceId=${ids[0]}&severity=info`)).toHaveLength(1);
    expect((await fleet.app.ok("GET", `alert-rules/${ruleId}`)).openAlerts).toBe(3);
  });

  it("reach live readers", async () => {
    await rule();
    const id = await offline();
    await fleet.look(6);
    const [alert] = await fleet.alerts();
    await fleet.app.ok("POST", `alerts/${alert.id}/acknowledge`);
    await fleet.link([id], true, 7);
    await fleet.look(8);
    const { rows } = await fleet.sql(
      "SELECT kind, at, device_id, data FROM live_event WHERE kind = 'alert' ORDER BY xid, id",
    );
    const events = rows.map(({ kind, at, device_id: deviceId, data }) =>
      liveEventSchema.parse({ kind, at: (at as Date).toISOString(), deviceId, ...(data as object) }),
    );
    expect(events.map((event) => event.kind === "alert" && [event.id, event.deviceId, event.state])).toEqual([
      [alert.id, id, "firing"],
      [alert.id, id, "acknowledged"],
      [alert.id, id, "resolved"],
    ]);
  });

  it("are forgotten past the retention, with what was told of them; open ones are kept", async () => {
    await rule();
    const [back] = [await offline(), await offline()];
    await fleet.look(6);
    await fleet.link([back], true, 7);
    await fleet.look(8);
    await fleet.sql("UPDATE alert SET resolved_at = resolved_at - interval '91 days'");
    await fleet.sql("UPDATE notification SET status = 'failed', created_at = now() - interval '91 days'");
    await fleet.app.app.get(AlertUpkeep).trim();
    expect(await fleet.alerts("")).toMatchObject([{ state: "firing" }]);
    expect(await told()).toEqual([]);
  });

  describe("channels", () => {
    it("keep their secret: shown once where it was made, sealed, and moved to a new key", async () => {
      const made = await fleet.app.ok("POST", "alert-channels", { ...WEBHOOK, name: "made" });
      expect(made.secret).toMatch(/^whsec_/);
      const got = await fleet.app.ok("GET", `alert-channels/${made.id}`);
      expect(alertChannelSchema.strict().parse(got)).toEqual(got);
      const kept = await fleet.app.ok("PUT", `alert-channels/${made.id}`, { ...WEBHOOK, name: "renamed" });
      expect(kept).toMatchObject({ name: "renamed", version: 2 });
      expect(kept).not.toHaveProperty("secret");
      const stored = async () =>
        (await fleet.sql("SELECT sealed, key_id FROM alert_channel WHERE id = $1", [made.id])).rows[0]!;
      const before = await stored();
      expect((before.sealed as Buffer).toString("latin1")).not.toContain(made.secret.slice(6));
      const settings = {
        databaseUrl: fleet.databaseUrl,
        dataDir: "unused",
        secretKey: `${"cd".repeat(32)},${SECRET_KEY}`,
      };
      expect(await rotatePasswords(settings, pino({ level: "silent" }))).toEqual({ resealed: 2, unreadable: 0 });
      expect((await stored()).key_id).not.toBe(before.key_id);
    });

    it("show only admins what a webhook's address holds behind its host", async () => {
      const key = (await fleet.app.ok("POST", "api-keys", { name: "o", role: "operator" })).key;
      const seen = await fleet.app.request("GET", `alert-channels/${channelId}`, undefined, { key });
      expect(seen.body.url).toBe("https://hooks.example.com/…");
      expect((await fleet.app.ok("GET", `alert-channels/${channelId}`)).url).toBe(WEBHOOK.url);
    });

    it("stay while a rule tells them", async () => {
      const { id } = await rule({ name: "the rule" });
      const refused = await fleet.app.request("DELETE", `alert-channels/${channelId}`);
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("the rule")]);
      await fleet.app.ok("DELETE", `alert-rules/${id}`);
      expect((await fleet.app.request("DELETE", `alert-channels/${channelId}`)).status).toBe(204);
    });
  });

  it("are written over the version that If-Match names only", async () => {
    const { id } = await rule();
    for (const path of [`alert-rules/${id}`, `alert-channels/${channelId}`]) {
      const stale = await fleet.app.request("DELETE", path, undefined, { "if-match": '"9"' });
      expect([stale.status, stale.headers.get("etag"), stale.body.current.version]).toEqual([412, '"1"', 1]);
      expect((await fleet.app.request("GET", path)).headers.get("etag")).toBe('"1"');
    }
  });
});
