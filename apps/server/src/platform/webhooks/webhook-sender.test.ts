import { webhookSecretSchema, webhookUrlSchema } from "@mn316-fleet/contracts";
import { eventually } from "@mn316-fleet/testkit";
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { Webhook } from "standardwebhooks";
import { WebhookReceiver } from "../../test-support/webhook-receiver";
import { isNetwork, Targets } from "./targets";
import { WebhookSender } from "./webhook-sender";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const body = JSON.stringify({ text: "größer" });

describe("WebhookSender", () => {
  let receiver: WebhookReceiver;
  let url: string;
  const sender = new WebhookSender({ networks: ["127.0.0.0/8"], timeoutMs: 2_000 });
  const impatient = new WebhookSender({ networks: ["127.0.0.0/8"], timeoutMs: 1_000 });

  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    url = receiver.url;
  });
  afterEach(async () => {
    await receiver.stop();
  });

  it("signs so that a receiver can verify id, time and body", async () => {
    expect(await sender.send({ url, secret, id: "msg-1", body })).toEqual({ isDelivered: true });
    const [{ headers, text } = { headers: {}, text: "" }] = receiver.received;
    expect(text).toBe(body);
    expect(headers).toMatchObject({ "webhook-id": "msg-1", "content-type": "application/json" });
    const signed = headers as Record<string, string>;
    expect(new Webhook(secret).verify(text, signed)).toEqual({ text: "größer" });
    expect(() => new Webhook(secret).verify(`${text} `, signed)).toThrow();
    expect(() => new Webhook(secret).verify(text, { ...signed, "webhook-id": "msg-2" })).toThrow();
  });

  it.each([
    [500, true],
    [429, true],
    [404, true],
    [410, false],
  ])("takes %i for a failure that may be retried: %s", async (status, mayRetry) => {
    receiver.answer = (response) => response.writeHead(status).end("no");
    expect(await sender.send({ url, secret, id: "m", body })).toEqual({
      isDelivered: false,
      mayRetry,
      error: `answered ${status}`,
    });
  });

  it.each([301, 302, 303, 307, 308])("does not follow a redirect by %i", async (status) => {
    receiver.answer = (response) => response.writeHead(status, { location: "/elsewhere" }).end();
    const outcome = await sender.send({ url, secret, id: "m", body });
    expect(outcome).toMatchObject({ isDelivered: false, mayRetry: true, error: expect.stringContaining("redirects") });
    expect(receiver.received).toHaveLength(1);
  });

  it("gives up on a receiver that hangs, or that is not there", async () => {
    receiver.answer = () => undefined;
    const hung = { isDelivered: false, mayRetry: true, error: "no answer within 1 s" };
    expect(await impatient.send({ url, secret, id: "m", body })).toEqual(hung);
    await receiver.stop();
    const away = { isDelivered: false, mayRetry: true, error: expect.stringContaining("ECONNREFUSED") };
    expect(await sender.send({ url, secret, id: "m", body })).toEqual(away);
  });

  it("goes by the status of an answer that does not end, or is endless", async () => {
    receiver.answer = (response) => void response.writeHead(200).write("a");
    expect(await impatient.send({ url, secret, id: "m", body })).toEqual({ isDelivered: true });
    let isCutOff = false;
    receiver.answer = (response) => {
      response.on("close", () => (isCutOff = true)).writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    expect(await sender.send({ url, secret, id: "m", body })).toMatchObject({ error: "answered 500" });
    await eventually(() => {
      expect(isCutOff).toBe(true);
    });
  });

  it("refuses what is not public, in figures and by name, before anything is sent", async () => {
    const strict = new WebhookSender({ networks: [] });
    const port = new URL(url).port;
    for (const host of [
      ...["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "127.0.0.1."],
      ...["localhost", "LOCALHOST", "①②⑦.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"],
      ...["[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"],
    ]) {
      const outcome = await strict.send({ url: `http://${host}:${port}/`, secret, id: "m", body });
      expect([host, outcome]).toEqual([
        host,
        { isDelivered: false, mayRetry: false, error: expect.stringContaining("FLEET_WEBHOOK_NETWORKS") },
      ]);
    }
    expect(receiver.received).toEqual([]);
  });

  it("connects to the address that was checked, whatever its name leads to before and afterwards", async () => {
    const { port } = new URL(url);
    const inside = ["127.0.0.1", "::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0"];
    const answers = [["127.0.0.2"], ["127.0.0.1"], [...inside, "127.0.0.2"], inside];
    const allowing = new WebhookSender({
      networks: ["127.0.0.2/32"],
      lookUp: (_host, _options, callback) => {
        const found = (answers.shift() ?? []).map((address) => ({ address, family: isIP(address) }));
        process.nextTick(callback, null, found);
      },
    });
    const errors: string[] = [];
    while (answers.length > 0) {
      const left = answers.length;
      const outcome = await allowing.send({ url: `http://changes.example:${port}/`, secret, id: "m", body });
      expect(answers).toHaveLength(left - 1); // it was looked up once
      if (!outcome.isDelivered) errors.push(outcome.error);
    }
    // Nobody listens at 127.0.0.2, and the receiver at 127.0.0.1 hears nothing.
    const connected = expect.stringMatching(`ECONNREFUSED 127.0.0.2:${port}`);
    const refused = expect.stringContaining("changes.example is no public address");
    expect(errors).toEqual([connected, refused, connected, refused]);
    expect(receiver.received).toEqual([]);
  });

  it("looks names up and connects to what is allowed", async () => {
    expect(await sender.send({ url: url.replace("127.0.0.1", "localhost"), secret, id: "m", body })).toEqual({
      isDelivered: true,
    });
  });
});

describe("Targets", () => {
  it.each([
    ["8.8.8.8", true],
    ["2606:4700::1111", true],
    ["10.2.0.1", false],
    ["10.1.0.1", true],
    ["169.254.169.254", false],
    ["::ffff:169.254.169.254", false],
    ["64:ff9b::7f00:1", false],
    ["2001:2::1", false],
    ["2001:200::1", true],
    ["fe80::1%lo", false],
    ["100.64.0.1", false],
    ["::169.254.169.254", false],
    ["fd12::1", false],
    ["fd00:ec2::254", false],
    ["fe80::1", false],
    ["224.0.0.1", false],
  ])("%s is allowed: %s", (address, isAllowed) => {
    expect(new Targets(["10.1.0.0/16"]).isAllowed(address)).toBe(isAllowed);
  });

  it("knows a network from what is none", () => {
    expect(["10.0.0.0/8", "::/0", "0.0.0.0/0"].every(isNetwork)).toBe(true);
    expect(["10.0.0.0", "10.0.0.0/33", "::/129", "a/8", "10.0.0.0/8/8", "10.0.0.0/", ""].some(isNetwork)).toBe(false);
  });
});

describe("a webhook's address and secret", () => {
  it.each([
    ["https://example.com/hook?x=1", true],
    ["http://10.0.0.1:8080", true],
    ["ftp://example.com", false],
    ["https://user:pass@example.com", false],
    ["https://example.com/#a", false],
    ["example.com", false],
    ["https://example.com/\u0000", false],
  ])("%j is an address: %s", (value, isRight) => {
    expect(webhookUrlSchema.safeParse(value).success).toBe(isRight);
  });

  it.each([
    [secret, true],
    [`whsec_${randomBytes(24).toString("base64")}`, true],
    [`whsec_${randomBytes(23).toString("base64")}`, false],
    [`whsec_${randomBytes(65).toString("base64")}`, false],
    [secret.slice(6), false],
    ["whsec_", false],
    [`whsec_${"!".repeat(32)}`, false],
  ])("%s is a secret: %s", (value, isRight) => {
    expect(webhookSecretSchema.safeParse(value).success).toBe(isRight);
  });
});
