import { jest } from "@jest/globals";
import { CLOSE, HEARTBEAT, MAX_FRAME_BYTES } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, findTestRedis, type TestDatabase } from "@mn316-fleet/testkit";
import type { Settings } from "../platform/settings/settings";
import { FleetServer } from "../test-support/fleet-server";
import { type NumberedEvent, pings, TestAgent } from "../test-support/test-agent";
import { AgentGateway } from "./agent.gateway";
import { AgentLinks, type OpenFrame } from "./agent-links";

const redis = await findTestRedis();

describe("agents' connections over postgres", () => suite({}));
(redis ? describe : describe.skip)("agents' connections over redis", () => {
  suite({ redisUrl: redis?.url, ...(redis && { redisPrefix: redis.prefix }) });
  afterAll(() => redis?.clean());
});

function suite(settings: Partial<Settings>): void {
  let testDatabase: TestDatabase;
  let server: FleetServer;
  /** A second node on the same database. */
  let other: FleetServer;
  let device: { id: string; token: string };
  let agents: TestAgent[];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await FleetServer.start(testDatabase.url, settings);
    other = await FleetServer.start(testDatabase.url, { ...settings, adminKey: server.settings.adminKey });
  }, 60_000);
  beforeEach(async () => {
    agents = [];
    device = await server.createDevice();
  });
  afterEach(() => {
    for (const agent of agents) agent.socket.terminate();
  });
  afterAll(async () => {
    await server.stop();
    await other.stop();
    await testDatabase.drop();
  });

  const connect = async (url = server.url, hello = {}, token = device.token) => {
    const agent = await TestAgent.connect(url, token, hello);
    agents.push(agent);
    return agent;
  };
  /** A socket whose token is good, without a hello. */
  const open = async (options = {}) => {
    const agent = new TestAgent(server.url, device.token, options);
    agents.push(agent);
    return agent.opened();
  };
  const stored = async (id = device.id): Promise<[epoch: number, seq: number, kind: string][]> => {
    const { rows } = await server.database.pool.query<{ epoch: string; seq: string; kind: string }>(
      "SELECT epoch, seq, kind FROM module_event WHERE device_id = $1 ORDER BY epoch, seq",
      [id],
    );
    return rows.map(({ epoch, seq, kind }) => [Number(epoch), Number(seq), kind]);
  };
  const numbers = async () => (await stored()).map(([, seq]) => seq);
  const link = async () => (await server.ok("GET", `devices/${device.id}`)).link;
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  describe("who may come in", () => {
    it.each([
      ["no token", undefined],
      ["an unknown token", `mfd_${"x".repeat(43)}`],
      ["an API key", "key"],
      ["something else", "a".repeat(10_000)],
    ])("closes %s with 4001 and not a word more", async (_name, token) => {
      const agent = new TestAgent(server.url, token === "key" ? server.settings.adminKey : token);
      agents.push(agent);
      expect(await agent.closeCode()).toBe(CLOSE.unauthorized);
      expect(agent.closed?.reason).toBe("not authorised");
      expect(agent.frames).toEqual([]);
    });

    it("closes within a second when the token is revoked, on whichever node", async () => {
      const here = await connect();
      const fellow = await server.createDevice();
      const there = await connect(other.url, {}, fellow.token);
      const revokedAt = Date.now();
      for (const id of [device.id, fellow.id])
        expect((await server.request("POST", `devices/${id}/token`, { overlapS: 0 })).status).toBe(201);
      expect(await here.closeCode()).toBe(CLOSE.unauthorized);
      expect(await there.closeCode()).toBe(CLOSE.unauthorized);
      expect(Date.now() - revokedAt).toBeLessThan(1_000);
    });

    it("closes when the overlap of a rotated token ends, and lets the next one in", async () => {
      const agent = await connect();
      const { token } = await server.ok("POST", `devices/${device.id}/token`, { overlapS: 1 });
      expect(agent.closed).toBeUndefined();
      expect(await agent.closeCode()).toBe(CLOSE.unauthorized);
      await connect(server.url, {}, token);
    });

    it("cuts off the agent of a device that was removed, wherever it is", async () => {
      const agent = await connect(other.url);
      await server.ok("DELETE", `devices/${device.id}`);
      expect(await agent.closeCode()).toBe(CLOSE.unauthorized);
    });

    it("cuts it off with the same code where no signal tells of the removal", async () => {
      const agent = await connect();
      await server.database.pool.query("DELETE FROM device WHERE id = $1", [device.id]);
      expect(await agent.closeCode()).toBe(CLOSE.unauthorized);
    });

    it("forgets a socket that went away while its token was checked", async () => {
      const lock = await server.database.pool.connect();
      await lock.query("BEGIN");
      await lock.query("LOCK TABLE device_token IN ACCESS EXCLUSIVE MODE");
      const agent = new TestAgent(server.url, device.token);
      await agent.opened();
      agent.socket.terminate();
      await agent.closeCode();
      await new Promise((resolve) => setTimeout(resolve, 50)); // until the server has seen it go
      await lock.query("ROLLBACK");
      lock.release();
      await connect();
      await eventually(() => {
        expect(server.app.get(AgentGateway).connections.size).toBe(1);
      });
    });
  });

  describe("what they say", () => {
    it("is welcomed, stored and acknowledged, the frames that came before the welcome, too", async () => {
      const agent = await open();
      agent.sayHello();
      agent.events(pings(1, 3));
      const welcome = await agent.next("welcome");
      expect(welcome).toMatchObject({ acked: 0, limits: { batch: 200, inflight: 4 } });
      expect(Math.abs(welcome.time - Date.now())).toBeLessThan(5_000);
      await agent.acked(3);
      expect(await stored()).toEqual([1, 2, 3].map((seq) => [1, seq, "ping"]));
    });

    it("is stored once, however often and wherever it is sent", async () => {
      const agent = await connect();
      for (let repeat = 0; repeat < 3; repeat++) agent.events(pings(1, 5));
      await agent.acked(5);
      const again = await connect(other.url);
      expect(again.of("welcome")[0]?.acked).toBe(5);
      again.events(pings(3, 8));
      await again.acked(8);
      expect(await numbers()).toEqual(upTo(8));
    });

    it("is taken in any order within a frame; a frame too early is refused and taken later", async () => {
      const agent = await connect();
      agent.events(pings(1, 4).reverse());
      await agent.acked(4);
      agent.events(pings(8, 9));
      expect(await agent.next("error")).toMatchObject({ code: "gap", message: expect.stringContaining("number 5") });
      agent.events(pings(5, 7));
      await agent.acked(7);
      agent.events(pings(8, 9));
      await agent.acked(9);
      expect(await numbers()).toEqual(upTo(9));
    });

    it("may leave out what an outbox-gap explains, and nothing else", async () => {
      const agent = await connect();
      const gap = (seq: number, from: number, to: number): NumberedEvent[] => [
        { seq, at: Date.now(), kind: "outbox-gap", from, to, reason: "full" },
      ];
      agent.events([...pings(1, 2), ...gap(10, 3, 9), ...pings(11, 11)]);
      await agent.acked(11);
      agent.events(gap(20, 15, 19));
      expect(await agent.next("error")).toMatchObject({ code: "gap", message: expect.stringContaining("number 12") });
      expect(await numbers()).toEqual([1, 2, 10, 11]);
    });

    it("may come from an older outbox, whose events change no newer state", async () => {
      const agent = await connect(server.url, { epoch: 5 });
      const state = (seq: number, to: "connected" | "disconnected"): NumberedEvent => ({
        ...{ seq, at: Date.now(), since: Date.now() - 10, kind: "state" },
        ...{ from: "initialized", to, cause: "requested" },
      });
      agent.events([state(1, "connected")], 5);
      await agent.acked(1, { epoch: 5 });
      agent.events([state(1, "disconnected"), ...pings(2, 2)], 4);
      await agent.acked(2, { epoch: 4 });
      expect(await stored()).toEqual([
        [4, 1, "state"],
        [4, 2, "ping"],
        [5, 1, "state"],
      ]);
      expect((await server.ok("GET", `devices/${device.id}`)).module.state).toBe("connected");
    });

    it("goes on from what the agent knows to be committed, where the server has forgotten it", async () => {
      const agent = await connect(server.url, { resumeFrom: 101 });
      expect(agent.of("welcome")[0]?.acked).toBe(100);
      agent.events(pings(101, 102));
      await agent.acked(102);
    });

    it("is refused by field, and the connection goes on", async () => {
      const agent = await connect();
      agent.send({ type: "reported", version: 1, status: "dancing", config: null });
      agent.send("{");
      agent.send({ type: "dance" });
      agent.send({ type: "events", epoch: 1, events: [] });
      agent.send({ type: "events", epoch: 1, events: [{ at: 1, kind: "ping" }] });
      agent.send({ type: "events", epoch: 1, events: [...pings(1, 1), { seq: 2, at: 1, kind: "timeout", type: 9 }] });
      agent.send("[]");
      agent.send({ type: "reported", version: 2 ** 31, status: "applied", config: null });
      await agent.next("error", 7);
      expect(agent.of("error").map(({ code, frame }) => [code, frame])).toEqual([
        ["invalid", "reported"],
        ["not-json", undefined],
        ["unknown-type", undefined],
        ["invalid", "events"],
        ["invalid", "events"],
        ["invalid", "events"],
        ["unknown-type", undefined],
        ["invalid", "reported"],
      ]);
      expect(agent.of("error")[7]?.message).toMatch(/^version: /);
      expect(agent.of("error")[0]?.message).toMatch(/^status: /);
      expect(agent.of("error")[5]?.message).toMatch(/^events\.1\.type: /);
      agent.events(pings(1, 1));
      await agent.acked(1);
      agent.sayHello();
      expect(await agent.next("error", 8)).toMatchObject({ code: "unexpected", frame: "hello" });
      expect(agent.closed).toBeUndefined();
    });

    it("ends with 4003 when too much of it is wrong", async () => {
      const agent = await connect();
      for (let count = 0; count < 12; count++) agent.send(Buffer.from([count]));
      expect(await agent.closeCode()).toBe(CLOSE.protocolError);
      expect(agent.of("error")).toHaveLength(11);
      expect(agent.of("error")[0]).toMatchObject({ code: "not-text" });
    });

    it("begins with a hello", async () => {
      const agent = await open();
      agent.events(pings(1, 1));
      expect(await agent.closeCode()).toBe(CLOSE.protocolError);
      expect(await stored()).toEqual([]);
    });

    it("fits into a frame: a larger one ends the connection, and nothing else", async () => {
      const agent = await connect();
      agent.send({ type: "error", code: "x".repeat(MAX_FRAME_BYTES), message: "" });
      expect(await agent.closeCode()).toBe(1009);
      const torn = await connect();
      torn.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
      expect(await torn.closeCode()).toBe(1007);
      await connect();
    });
  });

  describe("two of one device", () => {
    it.each([
      ["on one node", () => server.url],
      ["on two nodes", () => other.url],
    ])("%s: the later one holds it, and the late end of the earlier one changes nothing", async (_name, url) => {
      const earlier = await connect();
      const later = await connect(url());
      expect(await earlier.closeCode()).toBe(CLOSE.superseded);
      expect((await link()).online).toBe(true);
      await eventually(async () => {
        const { items } = await server.ok("GET", `devices/${device.id}/link-sessions`);
        expect(items.map(({ closeCode }: { closeCode: number | null }) => closeCode)).toEqual([null, CLOSE.superseded]);
      });
      later.events(pings(1, 1));
      await later.acked(1);
      expect((await link()).online).toBe(true);
      await later.vanish();
      await eventually(async () => {
        expect((await link()).online).toBe(false);
      });
    });

    it("are told apart by their numbers even when the earlier hello is done last", async () => {
      // A later session on another node, whose hello was faster.
      await server.database.pool.query(
        "UPDATE device_state SET fencing = 9000000000, online = true WHERE device_id = $1",
        [device.id],
      );
      const loser = await open();
      loser.sayHello();
      expect(await loser.closeCode()).toBe(CLOSE.superseded);
      expect(loser.of("welcome")).toEqual([]);
      await eventually(async () => {
        const { items } = await server.ok("GET", `devices/${device.id}/link-sessions`);
        expect(items).toMatchObject([{ closeCode: CLOSE.superseded, ended: expect.any(String) }]);
      });
      expect((await link()).online).toBe(true);
    });

    it("are found out when the signal of the later one was lost", async () => {
      const stale = await connect();
      await server.database.pool.query("UPDATE device_state SET fencing = 9000000000 WHERE device_id = $1", [
        device.id,
      ]);
      expect(await stale.closeCode()).toBe(CLOSE.superseded);
      expect((await link()).online).toBe(true);
    });
  });

  describe("frames for them", () => {
    const wide = (deviceId: string): OpenFrame => ({
      ...{ type: "execute", execution: deviceId, attempt: 1, timeoutS: 60, notAfter: 1_800_000_000_000 },
      job: { id: deviceId, kind: "at" },
      steps: Array.from({ length: 32 }, (_, index) => ({ command: `AT+X="${"y".repeat(1_000)}${index}"` })),
    });

    it("arrive from the other node, however large they are", async () => {
      const agent = await connect(other.url);
      const links = server.app.get(AgentLinks, { strict: false });
      expect(await links.send(device.id, wide(device.id))).toBe("sent");
      expect(await agent.next("execute")).toEqual(wide(device.id));
    });

    it("arrive as a job that another node was asked for, and its result is seen there", async () => {
      const agent = await connect(other.url);
      const job = await server.ok("POST", "jobs", {
        kind: "at",
        targets: { deviceIds: [device.id] },
        steps: [{ command: "AT+CSQ" }],
      });
      const { execution } = await agent.next("execute");
      const report = { ...{ execution, attempt: 1, step: 0, command: "AT+CSQ" }, result: "OK", output: [], ms: 1 };
      agent.events([{ seq: 1, at: Date.now(), kind: "execution", status: "SUCCEEDED", ...report }]);
      await agent.acked(1);
      expect((await server.ok("GET", `jobs/${job.id}`)).status).toBe("COMPLETED");
    });

    it("find a device that is nowhere offline", async () => {
      const links = server.app.get(AgentLinks, { strict: false });
      expect(await links.send(device.id, wide(device.id))).toBe("offline");
      const agent = await connect(other.url);
      await agent.vanish();
      await eventually(async () => {
        expect(await links.send(device.id, wide(device.id))).toBe("offline");
      });
    });
  });

  it("beats for a connection that began while the wall clock stood wrong", async () => {
    const clock = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
    const agent = await connect();
    clock.mockRestore(); // somebody set it back
    const pinged = new Promise((resolve) => agent.socket.once("ping", resolve));
    server.app.get(AgentGateway).beat(performance.now() + HEARTBEAT.everyMs * 1.2);
    await pinged;
  });

  it("cuts a connection whose other end is silent, and no other", async () => {
    const silent = await open({ autoPong: false });
    silent.sayHello();
    await silent.next("welcome");
    const fellow = await server.createDevice();
    const lively = await connect(server.url, {}, fellow.token);
    const gateway = server.app.get(AgentGateway);
    let now = performance.now();
    for (let beat = 0; beat <= HEARTBEAT.missed; beat++) {
      expect(silent.closed).toBeUndefined();
      const pinged = new Promise((resolve) => lively.socket.once("ping", resolve));
      gateway.beat((now += HEARTBEAT.everyMs * 1.2));
      await pinged;
      await eventually(() => {
        const [connection] = [...gateway.connections].filter(({ deviceId }) => deviceId === fellow.id);
        expect(connection?.missedBeats).toBe(0);
      });
    }
    expect(await silent.closeCode()).toBe(1006);
    expect(lively.closed).toBeUndefined();
    await eventually(async () => {
      expect((await link()).online).toBe(false);
    });
  });
}

describe("a server", () => {
  it("waits ten seconds for a hello, and no longer", async () => {
    const testDatabase = await createTestDatabase();
    const server = await FleetServer.start(testDatabase.url);
    const agent = new TestAgent(server.url, (await server.createDevice()).token);
    expect(await agent.closeCode(15_000)).toBe(CLOSE.protocolError);
    expect(agent.closed?.reason).toBe("no hello in time");
    await server.stop();
    await testDatabase.drop();
  });
  it("that stops commits and acknowledges what it has received, and sends its agents away to come back", async () => {
    const testDatabase = await createTestDatabase();
    const server = await FleetServer.start(testDatabase.url);
    const { id, token } = await server.createDevice();
    const agent = await TestAgent.connect(server.url, token);
    const newcomer = new TestAgent(server.url, token);
    await newcomer.opened();
    for (let batch = 0; batch < 10; batch++) agent.events(pings(1 + batch * 200, 200 + batch * 200));
    await agent.next("ack");
    const stopping = server.stop();
    expect(await agent.closeCode()).toBe(CLOSE.restarting);
    expect(await newcomer.closeCode()).toBe(CLOSE.restarting);
    await stopping;
    const acked = Math.max(...agent.of("ack").map(({ seq }) => seq));
    const next = await FleetServer.start(testDatabase.url);
    const { rows } = await next.database.pool.query<{ count: string; most: string }>(
      "SELECT count(*) AS count, max(seq) AS most FROM module_event WHERE device_id = $1",
      [id],
    );
    expect(rows[0]).toEqual({ count: String(acked), most: String(acked) });
    expect((await next.ok("GET", `devices/${id}`)).link.online).toBe(false);
    await next.stop();
    await testDatabase.drop();
  }, 60_000);
});
