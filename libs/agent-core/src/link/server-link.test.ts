import { systemClock } from "@mn316-fleet/at";
import { CLOSE } from "@mn316-fleet/protocol";
import { eventually } from "@mn316-fleet/testkit";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import type { Outbox } from "../outbox/outbox";
import { FakeServer } from "../test-support/fake-server";
import { Tokens } from "../identity/tokens";
import { openOutbox } from "../test-support/open-outbox";
import { reconnectDelayMs } from "./reconnect-policy";
import { agentUrl } from "./server-address";
import { ServerLink } from "./server-link";

describe("the link to the server", () => {
  let server: FakeServer;
  let folder: string;
  let outbox: Outbox;
  let link: ServerLink;
  /** Waits of the link, which the test ends when it likes. */
  let scale = 1;
  /** By how much the link's time is ahead. */
  let aheadMs = 0;

  beforeEach(async () => {
    scale = 0.01;
    aheadMs = 0;
    server = new FakeServer();
    await server.start();
    folder = await mkdtemp(path.join(tmpdir(), "link-"));
    outbox = await openOutbox(folder);
    link = await aLink();
  });
  afterEach(async () => {
    await link.stop();
    await outbox.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    expect(server.broken).toEqual([]);
  });

  const aLink = async (token = "mfd_test") =>
    new ServerLink({
      url: agentUrl(server.url),
      tokens: await Tokens.open(folder, token),
      network: {},
      outbox,
      clock: systemClock,
      steady: { now: () => Date.now() + aheadMs, after: (ms, callback) => systemClock.after(ms * scale, callback) },
      random: () => 0,
      log: pino({ level: "silent" }),
      hello: () => ({ agent: "test", module: {}, reported: { version: 0, config: null } }),
    });
  const append = (count: number) =>
    Promise.all(Array.from({ length: count }, () => outbox.append({ kind: "ping", at: 1 })));
  const expectAll = (count: number) =>
    eventually(() => {
      expect(server.stored.size).toBe(count);
      expect(outbox.resumeFrom).toBe(count + 1);
    });

  it("sends a backlog in bounded batches, then what comes live, and trims what is committed", async () => {
    server.limits = { batch: 50, inflight: 2 };
    await append(1_000);
    link.start();
    await expectAll(1_000);
    await append(3);
    await expectAll(1_003);
    const sizes = server.frames.flatMap((frame) => (frame.type === "events" ? [frame.events.length] : []));
    expect(Math.max(...sizes)).toBe(50);
    expect(outbox.sizeBytes).toBe(0);
  });

  it("has no more batches under way than the server allows, and forgets nothing before it is committed", async () => {
    server.limits = { batch: 10, inflight: 3 };
    server.isCommitting = false;
    await append(100);
    link.start();
    await eventually(() => {
      expect(server.batches).toHaveLength(3);
    });
    expect(outbox.resumeFrom).toBe(1);
    server.commit();
    await expectAll(100);
    expect(server.mostUnderWay).toBeLessThanOrEqual(3);
  });

  it("keeps every frame within the size that the server takes", async () => {
    const line = "é".repeat(4_000);
    await Promise.all(Array.from({ length: 150 }, () => outbox.append({ kind: "urc", at: 1, line })));
    link.start();
    await expectAll(150);
    expect(server.batches.length).toBeGreaterThan(4);
  });

  it("sends again what was not acknowledged when the link was lost, and comes back to a server that restarted", async () => {
    server.isCommitting = false;
    await append(20);
    link.start();
    await eventually(() => {
      expect(server.stored.size).toBe(20);
    });
    await server.stop();
    server.stored.clear();
    server.isCommitting = true;
    await server.start();
    await expectAll(20);
    expect(server.connections).toBe(2);
  });

  it("ignores an acknowledgement of another epoch", async () => {
    server.isCommitting = false;
    await append(5);
    link.start();
    await eventually(() => {
      expect(server.stored.size).toBe(5);
    });
    server.send({ type: "ack", epoch: outbox.epoch + 1, seq: 5 });
    server.send({ type: "ack", epoch: outbox.epoch, seq: 2 });
    await eventually(() => {
      expect(outbox.resumeFrom).toBe(3);
    });
  });

  it("uses no number again that the server has from a later state of this data folder", async () => {
    await append(2);
    server.acked = 40;
    link.start();
    await eventually(() => {
      expect(outbox.nextSeq).toBe(41);
    });
  });

  it("answers a frame that it does not understand with an error that holds no values", async () => {
    link.start();
    await eventually(() => {
      expect(link.isConnected).toBe(true);
    });
    server.socket?.send(JSON.stringify({ type: "desired", version: "secret", config: {} }));
    await eventually(() => {
      expect(server.last("error")).toMatchObject({ code: "bad-frame", message: expect.stringContaining("version") });
    });
    expect(server.last("error")?.message).not.toContain("secret");
    expect(link.isConnected).toBe(true);
  });

  it("answers a frame of a later server, and goes on", async () => {
    link.start();
    await eventually(() => {
      expect(link.isConnected).toBe(true);
    });
    server.socket?.send(JSON.stringify({ type: "moon-phase", phase: "full" }));
    await eventually(() => {
      expect(server.last("error")).toMatchObject({ code: "bad-frame", message: expect.stringContaining("type") });
    });
    await append(3);
    await expectAll(3);
    expect(server.connections).toBe(1);
  });

  it("comes back to a server that refuses an event, gets through what is before it, and waits for another server", async () => {
    server.isKnown = ({ kind }) => kind !== "urc";
    await append(50);
    await outbox.append({ kind: "urc", at: 1, line: "later" });
    await append(50);
    link.start();
    await eventually(() => {
      expect(server.connections).toBeGreaterThanOrEqual(4);
      expect(link.refusal).toMatch(/refuses events after number 50: events\.0\.kind/);
    });
    expect(server.stored.size).toBe(50);
    expect(outbox.resumeFrom).toBe(51);
    expect(link.status.lastEnd?.reason).toBe(link.refusal);
    server.isKnown = () => true;
    await expectAll(101);
    expect(link.refusal).toBeUndefined();
    expect(server.events("urc")).toHaveLength(1);
  });

  it("lets events go that are refused for an hour, says so, and is held up by no further one", async () => {
    server.isKnown = ({ kind }) => kind !== "urc";
    const refused = () => outbox.append({ kind: "urc", at: 1, line: "later" });
    await append(3);
    await refused();
    await append(3);
    link.start();
    await eventually(() => {
      expect(server.connections).toBeGreaterThanOrEqual(3);
      expect(server.stored.size).toBe(3);
    });
    for (; aheadMs < 3_600_000; aheadMs += 1_800_000) {
      const { connections } = server;
      await eventually(() => {
        expect(server.connections).toBeGreaterThan(connections + 1);
      });
    }
    await expectAll(7);
    const reason = expect.stringContaining("refused by the server: events.0.kind");
    expect(server.events("outbox-gap")).toMatchObject([{ seq: 4, from: 4, to: 4, reason }]);
    const before = server.connections;
    await refused();
    await append(2);
    await expectAll(10);
    expect(server.events("outbox-gap").map(({ seq }) => seq)).toEqual([4, 8]);
    expect(server.connections).toBe(before);
  });

  it("explains numbers that it does not have any more", async () => {
    server.isStrict = true;
    server.limits = { batch: 5, inflight: 4 };
    await append(5);
    outbox.advance(7);
    await append(3);
    link.start();
    await eventually(() => {
      expect(outbox.resumeFrom).toBe(11);
    });
    expect(server.events("outbox-gap")).toMatchObject([{ seq: 7, from: 6, to: 7 }]);
    expect([...server.stored.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 7, 8, 9, 10]);
  });

  it("goes on where another frame is refused", async () => {
    link.start();
    await append(3);
    await expectAll(3);
    server.isCommitting = false;
    await append(1);
    server.send({ type: "error", code: "invalid", message: "status: Invalid option", frame: "reported" });
    server.send({ type: "error", code: "unknown-type", message: "type: there is no such frame" });
    await eventually(() => {
      expect(server.stored.size).toBe(4);
    });
    server.commit();
    await expectAll(4);
    expect(server.connections).toBe(1);
  });

  it("notices a server that has gone silent, and connects anew", async () => {
    scale = 0.001; // 65 s without a heart-beat pass in 65 ms
    link.start();
    await eventually(() => {
      expect(server.connections).toBeGreaterThanOrEqual(3);
    });
  });

  it("stays away for long where its token is refused", async () => {
    await link.stop();
    link = await aLink("mfd_wrong");
    link.start();
    await eventually(() => {
      expect(server.connections).toBeGreaterThanOrEqual(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 200)); // 20 s of the link's time
    expect(server.connections).toBe(1);
  });
});

describe("the delay before the next connection", () => {
  const delay = (code: number, attempt: number, random: number) =>
    reconnectDelayMs({ code, reason: "" }, attempt, () => random);

  it("grows from 1 s to 5 min and is spread by chance", () => {
    expect([0, 1, 2, 20].map((attempt) => delay(1006, attempt, 0))).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect([0, 1, 2, 20].map((attempt) => delay(1012, attempt, 1))).toEqual([2_000, 4_000, 8_000, 300_000]);
  });

  it("is longer where coming back at once would do harm", () => {
    expect(delay(CLOSE.unauthorized, 0, 0)).toBeGreaterThanOrEqual(60_000);
    expect(delay(401, 0, 0)).toBeGreaterThanOrEqual(60_000);
    expect(delay(CLOSE.superseded, 0, 0)).toBeGreaterThanOrEqual(30_000);
  });
});

describe("the server's address", () => {
  it.each([
    ["ws://host:3000", "ws://host:3000/agent"],
    ["wss://host/fleet/", "wss://host/fleet/agent"],
    ["https://host", "wss://host/agent"],
  ])("%s → %s", (given, expected) => {
    expect(agentUrl(given).href).toBe(expected);
  });
  it("refuses another scheme", () => {
    expect(() => agentUrl("ftp://host")).toThrow(/expected ws/);
  });
});
