import { eventually } from "@mn316-fleet/testkit";
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { Webhook } from "standardwebhooks";
import { AlertsUnderTest } from "../../test-support/alerts-under-test";
import { WebhookReceiver } from "../../test-support/webhook-receiver";
import { MAX_ATTEMPTS, waitAfterMs } from "./backoff";
import { Delivery } from "./delivery";
import { NotificationsStore } from "./notifications.store";

const secret = `whsec_${randomBytes(32).toString("base64")}`;

describe("the delivery of notifications", () => {
  let fleet: AlertsUnderTest;
  let receiver: WebhookReceiver;
  let mailServer: SMTPServer;
  let mails: string[];
  beforeEach(async () => {
    mails = [];
    mailServer = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onData(stream, _session, callback) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          mails.push(Buffer.concat(chunks).toString());
          callback();
        });
      },
    });
    await new Promise<void>((resolve) => mailServer.listen(0, "127.0.0.1", resolve));
    const { port } = mailServer.server.address() as AddressInfo;
    fleet = await AlertsUnderTest.start({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: "fleet@example.com" });
    receiver = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await fleet.stop();
    await receiver.stop();
    await new Promise<void>((resolve) => mailServer.close(resolve));
  });
  const webhook = async (fields: object = {}) =>
    (
      await fleet.app.ok("POST", "alert-channels", {
        name: "hook",
        kind: "webhook",
        url: receiver.url,
        secret,
        ...fields,
      })
    ).id as string;
  const deliver = () => fleet.app.app.get(Delivery).deliver();
  const notifications = async (query = "") => (await fleet.app.ok("GET", `notifications?${query}`)).items;
  /** Whatever is to be tried again is due now. */
  const hurry = () => fleet.sql("UPDATE notification SET next_at = now() WHERE status = 'pending'");
  /** A device that is offline for as long as it takes. */
  const outage = async (channelIds: string[]) => {
    const rule = await fleet.rule({ channelIds, clearAfterS: 0, severity: "critical" });
    const id = await fleet.device({ name: "pump\u2028one" });
    await fleet.link([id], false, 0);
    await fleet.look(6);
    return { id, rule };
  };

  it("tells what fired and what is over, by webhook and by mail", async () => {
    const mail = await fleet.app.ok("POST", "alert-channels", { name: "m", kind: "email", to: ["a@example.com"] });
    const { id, rule } = await outage([await webhook(), mail.id]);
    expect(await deliver()).toBe(2);
    await fleet.link([id], true, 7);
    await fleet.look(8);
    expect(await deliver()).toBe(2);
    const bodies = receiver.received.map(({ text, headers }) =>
      new Webhook(secret).verify(text, headers as Record<string, string>),
    );
    expect(bodies).toMatchObject([
      {
        type: "alerts.firing",
        data: { rule: { id: rule.id, severity: "critical" }, total: 1, alerts: [{ deviceId: id, state: "firing" }] },
      },
      { type: "alerts.resolved", data: { total: 1, alerts: [{ deviceId: id, resolution: "recovered" }] } },
    ]);
    expect(mails[0]).toMatch(/^Subject: \[CRITICAL\] pump one is offline since/m);
    expect(mails[1]).toMatch(/^Subject: \[OVER\] pump one/m);
    const [alert] = await fleet.alerts("");
    const detail = await fleet.app.ok("GET", `alerts/${alert.id}`);
    expect(detail.notifications).toHaveLength(4);
    expect(detail.notifications.every(({ state }: { state: string }) => state === "delivered")).toBe(true);
    expect(await fleet.look(9)).toBe(1);
    expect(await deliver()).toBe(0);
  });

  it("tries again what failed, with the same id and body, and shows what was given up", async () => {
    const answers = [500, 302, 429];
    receiver.answer = (response) => response.writeHead(answers.shift() ?? 503).end();
    await outage([await webhook()]);
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      expect(await deliver()).toBe(1);
      const [pending] = await notifications("state=pending");
      expect(pending).toMatchObject({
        attempts: attempt,
        lastError: expect.stringMatching(/^answered/),
        endedAt: null,
      });
      expect(Date.parse(pending.nextAttemptAt)).toBeGreaterThan(Date.parse(pending.createdAt));
      expect(await deliver()).toBe(0);
      await hurry();
    }
    expect(await deliver()).toBe(1);
    const [failed] = await notifications("state=failed");
    expect(failed).toMatchObject({ attempts: MAX_ATTEMPTS, lastError: "answered 503", nextAttemptAt: null, alerts: 1 });
    expect(new Set(receiver.received.map(({ text }) => text)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([failed.id]));
    await hurry();
    expect(await deliver()).toBe(0);

    receiver.answer = (response) => response.end();
    expect(await fleet.app.ok("POST", `notifications/${failed.id}/retry`)).toMatchObject({ state: "pending" });
    expect((await fleet.app.request("POST", `notifications/${failed.id}/retry`)).status).toBe(409);
    expect(await deliver()).toBe(1);
    expect(await notifications()).toMatchObject([{ id: failed.id, state: "delivered", attempts: 1 }]);
  });

  it("gives up at once what is of no use to repeat", async () => {
    receiver.answer = (response) => response.writeHead(410).end();
    await outage([await webhook(), await webhook({ name: "inside", url: "http://10.0.0.1/" })]);
    await deliver();
    const failed = await notifications("state=failed");
    expect(failed.map(({ lastError }: { lastError: string }) => lastError).sort()).toEqual([
      expect.stringContaining("10.0.0.1 is no public address"),
      "answered 410",
    ]);
  });

  it("is taken over from a process that died in it, when its lease is over", async () => {
    await outage([await webhook()]);
    const store = fleet.app.app.get(NotificationsStore);
    const [taken] = await store.take(10);
    expect(taken).toMatchObject({ attempts: 1, kind: "webhook" });
    expect(await deliver()).toBe(0);
    await hurry();
    expect(await deliver()).toBe(1);
    // What the first one has to say, should it live after all, comes too late.
    await store.failed(taken!, "too late", undefined);
    expect(await notifications()).toMatchObject([{ state: "delivered", attempts: 2, lastError: null }]);
  });

  it("runs by itself on workers, also past one whose secret cannot be read", async () => {
    const unreadable = await webhook({ name: "other key" });
    await fleet.sql("UPDATE alert_channel SET key_id = 'gone' WHERE id = $1", [unreadable]);
    await outage([await webhook(), unreadable]);
    await fleet.addApp({ roles: new Set(["worker"] as const) });
    await eventually(
      async () => {
        const told = await notifications("state=delivered");
        expect(told).toHaveLength(1);
      },
      { timeoutMs: 15_000 },
    );
    expect(await notifications("state=pending")).toMatchObject([{ lastError: expect.stringContaining("key gone") }]);
  }, 30_000);

  it("waits longer each time, about a day in all, and never in step", () => {
    const waits = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => waitAfterMs(index + 1, 0.5) ?? 0);
    expect(waits.slice(0, 3)).toEqual([10_000, 30_000, 90_000]);
    const totalH = waits.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
    expect(totalH).toBeGreaterThan(18);
    expect(totalH).toBeLessThan(30);
    expect([waitAfterMs(1, 0), waitAfterMs(1, 0.999)]).toEqual([7_500, 12_495]);
    expect(waitAfterMs(MAX_ATTEMPTS, 0.5)).toBeUndefined();
  });

  it("tests a channel and says what happened", async () => {
    const id = await webhook();
    expect(await fleet.app.ok("POST", `alert-channels/${id}/test`)).toEqual({ isDelivered: true });
    expect(JSON.parse(receiver.received[0]!.text)).toMatchObject({ type: "test", data: { channel: "hook" } });
    receiver.answer = (response) => response.writeHead(500).end();
    expect(await fleet.app.ok("POST", `alert-channels/${id}/test`)).toEqual({
      isDelivered: false,
      error: "answered 500",
    });
    const mail = await fleet.app.ok("POST", "alert-channels", { name: "m", kind: "email", to: ["a@example.com"] });
    expect(await fleet.app.ok("POST", `alert-channels/${mail.id}/test`)).toEqual({ isDelivered: true });
    expect(mails[0]).toMatch(/^Subject: \[TEST\] m/m);
    expect(await notifications()).toEqual([]);
  });
});
