import { CONSOLE_PATH } from "@mn316-fleet/contracts";
import { CLOSE } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { jest } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { FleetServer } from "../test-support/fleet-server";
import { pings, TestAgent } from "../test-support/test-agent";
import { RequestLimits } from "./request-limits";

const TRY_AGAIN_LATER = 1013;

/** The clock of the limits stands still, so that no token comes back while a test is at it. */
describe("limits", () => {
  let testDatabase: TestDatabase;
  let server: FleetServer;
  let now: number;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    server = await FleetServer.start(testDatabase.url);
    now = performance.now();
    jest.spyOn(performance, "now").mockImplementation(() => now);
  }, 60_000);
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.stop();
    await testDatabase.drop();
  });

  const limits = () => server.app.get(RequestLimits, { strict: false });

  it("say when to come again where a caller asks too much, and others go on", async () => {
    const { id, key } = await server.ok("POST", "api-keys", { name: "flood", role: "viewer" });
    for (let n = 0; n < 5_000; n++) limits().admitCaller(id);
    const refused = await server.request("GET", "session", undefined, key);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
    expect((await server.request("GET", "session")).status).toBe(200);
    now += 1_000;
    expect((await server.request("GET", "session", undefined, key)).status).toBe(200);
  });

  it("look at no credential any more where too many wrong ones came from", async () => {
    expect((await server.request("GET", "session", undefined, "mfk_wrong")).status).toBe(401);
    for (let n = 0; n < 499; n++) limits().countWrong("127.0.0.1");
    expect((await server.request("GET", "session")).status).toBe(429);
    now += 1_000;
    expect((await server.request("GET", "session")).status).toBe(200);
  });

  it("count a wrong key for a console as one for REST", async () => {
    const reasonFor = async (key: string) => {
      const socket = new WebSocket(`${server.url.replace("http", "ws")}${CONSOLE_PATH}`);
      socket.once("open", () => socket.send(JSON.stringify({ type: "open", deviceId: randomUUID(), key })));
      const [reply] = (await once(socket, "message")) as [Buffer];
      await once(socket, "close");
      return (JSON.parse(reply.toString()) as { reason: string }).reason;
    };
    for (let n = 0; n < 499; n++) limits().countWrong("127.0.0.1");
    expect(await reasonFor("mfk_wrong")).toMatch(/needs a valid API key/);
    expect((await server.request("GET", "session")).status).toBe(429);
    expect(await reasonFor(server.adminKey)).toBe("Too many requests without a valid credential.");
    now += 1_000;
    expect(await reasonFor(server.adminKey)).toMatch(/not connected/);
  });

  it("let a device connect only so often, and others all the same", async () => {
    const [device, other] = [await server.createDevice(), await server.createDevice()];
    for (let n = 0; n < 60; n++) {
      const agent = await new TestAgent(server.url, device.token).opened();
      agent.socket.terminate();
      await agent.closeCode();
    }
    // The server has not met the last of them yet, perhaps: each counts when its token was checked.
    await eventually(async () => {
      const refused = new TestAgent(server.url, device.token);
      setTimeout(() => refused.socket.close(), 1_000).unref();
      expect(await refused.closeCode()).toBe(TRY_AGAIN_LATER);
    });
    await (await TestAgent.connect(server.url, other.token)).leave();
    now += 2_000;
    await (await TestAgent.connect(server.url, device.token)).leave();
  }, 60_000);

  it("take ten bad frames of a device at once, by whatever connections, and write little of what it complains of", async () => {
    const [device, other] = [await server.createDevice(), await server.createDevice()];
    const bad = await TestAgent.connect(server.url, device.token);
    for (let n = 0; n < 100; n++) bad.send({ type: "error", code: "x", message: `complaint ${n}` });
    for (let n = 0; n < 11; n++) bad.send("{");
    expect(await bad.closeCode()).toBe(CLOSE.protocolError);
    expect(server.log.filter((line) => line.includes("complaint "))).toHaveLength(60);
    expect(await new TestAgent(server.url, device.token).closeCode()).toBe(TRY_AGAIN_LATER);
    await (await TestAgent.connect(server.url, other.token)).leave();
    now += 6_000;
    const again = await TestAgent.connect(server.url, device.token);
    again.send("{");
    await again.next("error");
    again.send("{");
    expect(await again.closeCode()).toBe(CLOSE.protocolError);
  });

  it("slow down a device that floods, lose nothing of it, and keep no other waiting", async () => {
    const [device, other] = [await server.createDevice(), await server.createDevice()];
    const flood = await TestAgent.connect(server.url, device.token);
    const frames = 3_500; // far more than the burst with all that may have been read in one piece with its last
    for (let n = 1; n <= frames; n++) flood.events(pings(n, n));
    const acked = () => Math.max(0, ...flood.of("ack").map(({ seq }) => seq));
    await eventually(() => expect(acked()).toBeGreaterThanOrEqual(1_990), { timeoutMs: 20_000 });
    await (await TestAgent.connect(server.url, other.token)).leave();
    expect(acked()).toBeLessThan(frames);
    now += 10_000;
    await flood.acked(frames, { timeoutMs: 20_000 });
    await flood.leave();
  }, 60_000);
});
