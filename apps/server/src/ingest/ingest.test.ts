import { DEFAULT_LIMITS } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { AgentGateway } from "../gateway/agent.gateway";
import { FleetServer } from "../test-support/fleet-server";
import { OwnPostgres } from "../test-support/own-postgres";
import { type NumberedEvent, pings, TestAgent } from "../test-support/test-agent";
import type { BatchSender } from "./event-batch";
import { Ingest, MAX_BUFFERED_EVENTS } from "./ingest";
import { Projectors } from "./projectors";

const storedNumbers = async (server: FleetServer, deviceId: string) => {
  const { rows } = await server.database.pool.query<{ seq: string }>(
    "SELECT seq FROM module_event WHERE device_id = $1 ORDER BY seq",
    [deviceId],
  );
  return rows.map(({ seq }) => Number(seq));
};
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const urc = (seq: number, line: string): NumberedEvent => ({ seq, at: Date.now(), kind: "urc", line });

describe("the way of events into the database", () => {
  let testDatabase: TestDatabase;
  let server: FleetServer;
  let device: { id: string; token: string };
  let agent: TestAgent;
  /** Urc lines that the test's projector cannot bear, and what it throws then. */
  const unbearable = new Map<string, () => Error>();
  const projected: string[] = [];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await FleetServer.start(testDatabase.url);
    server.app.get(Projectors, { strict: false }).register<"urc">({
      name: "picky",
      kinds: ["urc"],
      apply: (_tx, events, afterCommit) => {
        for (const { event } of events) {
          const refuse = unbearable.get(event.line);
          if (refuse) return Promise.reject(refuse());
        }
        afterCommit(() => projected.push(...events.map(({ event }) => event.line)));
        return Promise.resolve();
      },
    });
  }, 60_000);
  beforeEach(async () => {
    unbearable.clear();
    projected.length = 0;
    device = await server.createDevice();
    agent = await TestAgent.connect(server.url, device.token);
  });
  afterEach(() => agent.vanish());
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  it("stores an event that nothing can be learned from, says so, and lets all others pass", async () => {
    unbearable.set("poison", () => new Error("a projector's own fault"));
    const fellow = await server.createDevice();
    const other = await TestAgent.connect(server.url, fellow.token);
    agent.events([urc(1, "a"), urc(2, "b"), urc(3, "poison"), urc(4, "c"), urc(5, "d")]);
    agent.events([urc(6, "e")]);
    other.events([urc(1, "x")]);
    await agent.acked(6);
    await other.acked(1);
    expect(await storedNumbers(server, device.id)).toEqual(upTo(6));
    expect([...projected].sort()).toEqual(["a", "b", "c", "d", "e", "x"]);
    const told = server.log.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
    expect(told).toMatchObject([{ deviceId: device.id, epoch: 1, seq: 3, kind: "urc", msg: expect.any(String) }]);
    expect((await server.send("GET", "/metrics")).body).toContain("\nfleet_events_unprojected_total 1\n");
    await other.vanish();
  });

  it("keeps what it cannot read as it came, and lets it hold up nothing", async () => {
    const deep = "[".repeat(50_000) + "]".repeat(50_000);
    agent.send({
      type: "events",
      epoch: 1,
      events: [
        urc(1, "before"),
        { seq: 2, at: 5, kind: "moon-phase", phase: { name: "full\u0000" } },
        { seq: 3, at: 7, kind: "unread", of: "x", fault: "y", raw: "z" },
        { seq: 4, at: 8, kind: "k".repeat(1_000), text: "x".repeat(100_000) },
        urc(5, "after"),
      ],
    });
    agent.send(`{"type":"events","epoch":1,"events":[{"seq":6,"at":9,"kind":"cave","depth":${deep}}]}`);
    await agent.acked(6);
    expect(projected).toEqual(["before", "after"]);
    expect(agent.of("error")).toMatchObject([
      { code: "unknown-kind", message: expect.stringMatching(/^events\.1\.kind: /) },
      { code: "unknown-kind", message: expect.stringMatching(/^events\.0\.kind: /) },
    ]);
    const { items } = await server.ok("GET", `devices/${device.id}/events?kind=unread`);
    const bySeq = new Map<number, Record<string, string>>(items.map((item: { seq: number }) => [item.seq, item]));
    expect([...bySeq.keys()].sort()).toEqual([2, 3, 4, 6]);
    const moon = { seq: 2, at: 5, kind: "moon-phase", phase: { name: "full\u0000" } };
    expect(bySeq.get(2)).toMatchObject({ of: "moon-phase", fault: expect.stringMatching(/^kind: /) });
    expect(JSON.parse(bySeq.get(2)?.raw ?? "")).toEqual(moon);
    expect(bySeq.get(3)).toMatchObject({ of: "unread" });
    expect(bySeq.get(4)?.of).toHaveLength(64);
    expect(bySeq.get(4)?.raw).toHaveLength(64 * 1024);
    expect(bySeq.get(6)).toMatchObject({ of: "cave" });
    expect((await server.send("GET", "/metrics")).body).toContain("\nfleet_events_unread_total 4\n");
    const told = server.log.map((line) => JSON.parse(line)).filter(({ fault }) => fault !== undefined);
    expect(told).toMatchObject([{ deviceId: device.id, seq: 2, of: "moon-phase", level: 40 }]);
  });

  it("lets whoever floods with news wait like a backlog", async () => {
    const ingest = server.app.get(Ingest, { strict: false });
    const acks: number[] = [];
    const sender: BatchSender = {
      deviceId: device.id,
      settled: () => undefined,
      send: ({ seq }) => acks.push(seq) > 0,
      reject: () => undefined,
      close: () => undefined,
    };
    // The first is being written, the second waits, and with the third more than a full frame does.
    const taken = [1, 151, 301].map((first) => ingest.submit(sender, 1, pings(first, first + 149)).isBacklog);
    expect(taken).toEqual([false, false, true]);
    await eventually(() => {
      expect(acks).toEqual([150, 300, 450]);
    });
  });

  it("tries again what only met another transaction", async () => {
    let times = 0;
    unbearable.set("unlucky", () => {
      if (++times === 3) unbearable.clear();
      return Object.assign(new Error("deadlock detected"), { code: "40P01" });
    });
    agent.events([urc(1, "unlucky"), urc(2, "after")]);
    await agent.acked(2);
    expect(times).toBe(3);
    expect(projected).toEqual(["unlucky", "after"]);
  });

  it("lets a hello and a batch of one device pass each other", async () => {
    const lock = await server.database.pool.connect();
    const waiting = (count: number) =>
      eventually(async () => {
        const { rowCount } = await lock.query(
          "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        expect(rowCount).toBe(count);
      });
    await lock.query("BEGIN");
    await lock.query("SELECT 1 FROM device_state WHERE device_id = $1 FOR UPDATE", [device.id]);
    const next = new TestAgent(server.url, device.token);
    await next.opened();
    next.sayHello();
    await waiting(1);
    const [at, since] = [Date.now(), Date.now() - 1];
    agent.events([{ seq: 1, at, since, kind: "state", from: "unknown", to: "connected", cause: "unknown" }]);
    await waiting(2);
    const before = server.log.length;
    await lock.query("ROLLBACK");
    lock.release();
    await next.next("welcome");
    await eventually(async () => {
      expect(await storedNumbers(server, device.id)).toEqual([1]);
    });
    expect(server.log.slice(before).filter((line) => JSON.parse(line).level >= 40)).toEqual([]);
    await next.vanish();
  });

  it("does not let a few events wait for a transaction that hangs", async () => {
    const fellow = await server.createDevice();
    const other = await TestAgent.connect(server.url, fellow.token);
    const lock = await server.database.pool.connect();
    await lock.query("BEGIN");
    await lock.query("SELECT 1 FROM outbox_position WHERE device_id = $1 FOR UPDATE", [device.id]);
    agent.events(pings(1, 1));
    await eventually(async () => {
      const { rowCount } = await lock.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      expect(rowCount).toBe(1);
    });
    other.events(pings(1, 1));
    await other.acked(1);
    expect(await storedNumbers(server, device.id)).toEqual([]);
    await lock.query("ROLLBACK");
    lock.release();
    await agent.acked(1);
    await other.vanish();
  });

  it("counts nothing twice where a position was lost that its events were stored under", async () => {
    agent.events([urc(1, "a"), urc(2, "b")]);
    await agent.acked(2);
    await server.database.pool.query("UPDATE outbox_position SET acked = 0 WHERE device_id = $1", [device.id]);
    const { items } = await server.ok("GET", `devices/${device.id}/events`);
    const again = items.map(({ seq, at, line }: { seq: number; at: string; line: string }): NumberedEvent => {
      return { seq, at: Date.parse(at), kind: "urc", line };
    });
    agent.events([...again.reverse(), urc(3, "c")]);
    await eventually(() => {
      expect(agent.of("ack").at(-1)).toMatchObject({ seq: 3 });
    });
    expect(await storedNumbers(server, device.id)).toEqual([1, 2, 3]);
    expect(projected).toEqual(["a", "b", "c"]);
  });

  it("takes clocks that are wrong by centuries", async () => {
    const times = [0, 86_400_000, Date.UTC(2090, 0), Date.UTC(9999, 11, 31), Date.UTC(12_000, 0), 8.64e15];
    agent.events(
      times.map((at, index): NumberedEvent => {
        const [from, to] =
          index % 2 ? (["connected", "initialized"] as const) : (["initialized", "connected"] as const);
        return { seq: index + 1, at, since: times[index - 1] ?? 8.64e15, kind: "state", from, to, cause: "unknown" };
      }),
    );
    await agent.acked(times.length);
    const { items } = await server.ok("GET", `devices/${device.id}/events`);
    expect(items.map(({ at }: { at: string }) => at)).toEqual([
      "9999-12-31T23:59:59.999Z",
      "9999-12-31T23:59:59.999Z",
      "9999-12-31T00:00:00.000Z",
      "2090-01-01T00:00:00.000Z",
      "1970-01-02T00:00:00.000Z",
      "1970-01-01T00:00:00.000Z",
    ]);
    expect((await server.ok("GET", `devices/${device.id}/intervals`)).items).toHaveLength(7);
  });

  it("takes what PostgreSQL cannot hold for what it can", async () => {
    agent.events([urc(1, "a\u0000b\ud800c")]);
    await agent.acked(1);
    const { items } = await server.ok("GET", `devices/${device.id}/events`);
    expect(items[0].line).toBe("a\ufffdb\ufffdc");
  });

  it("is not blocked by a device that was removed while its events were under way", async () => {
    const fellow = await server.createDevice();
    const other = await TestAgent.connect(server.url, fellow.token);
    const lock = await server.database.pool.connect();
    await lock.query("BEGIN");
    await lock.query("LOCK TABLE module_event IN ACCESS EXCLUSIVE MODE");
    agent.events(pings(1, 3));
    other.events(pings(1, 3));
    const removal = server.request("DELETE", `devices/${device.id}`);
    expect((await removal).status).toBe(204);
    await lock.query("ROLLBACK");
    lock.release();
    await other.acked(3);
    await other.vanish();
  });
});

describe("many devices that come back at once", () => {
  const DEVICES = 40;
  const FRAMES = 8;
  const FRAME_EVENTS = 200;
  const HOUR_MS = 3_600_000;

  it("do not keep others waiting: what is fresh is stored first, and nobody is forgotten", async () => {
    const testDatabase = await createTestDatabase();
    const server = await FleetServer.start(testDatabase.url);
    const ingest = server.app.get(Ingest, { strict: false });
    const order: string[] = [];
    const connect = async (name: string) => {
      const { token } = await server.createDevice();
      const agent = await TestAgent.connect(server.url, token);
      agent.onFrame((frame) => {
        if (frame.type === "ack") order.push(name);
      });
      return agent;
    };
    const live = await connect("live");
    live.events(pings(1, 1));
    await live.acked(1);
    const away = await Promise.all(Array.from({ length: DEVICES }, (_, index) => connect(`away-${index}`)));

    // Nothing is written while the backlogs come in, so that what follows does not depend on who is fast.
    const lock = await server.database.pool.connect();
    await lock.query("BEGIN");
    await lock.query("LOCK TABLE module_event IN ACCESS EXCLUSIVE MODE");
    order.length = 0;
    const longAgo = Date.now() - 48 * HOUR_MS;
    for (const agent of away)
      for (let frame = 0; frame < FRAMES; frame++)
        agent.events(pings(frame * FRAME_EVENTS + 1, (frame + 1) * FRAME_EVENTS, longAgo));
    await eventually(() => {
      expect(ingest.isFull).toBe(true);
    });
    // Somebody new is welcomed, and whoever has no backlog is read, though the buffer is full.
    const late = await connect("late");
    const buffered = ingest.buffered;
    expect(buffered).toBeLessThan(MAX_BUFFERED_EVENTS * 1.1);
    live.events(pings(2, 2));
    await eventually(() => {
      expect(ingest.buffered).toBe(buffered + 1);
    });
    await lock.query("ROLLBACK");
    lock.release();

    await live.acked(2);
    late.events(pings(1, 1));
    await late.acked(1);
    for (const agent of away) await agent.acked(FRAMES * FRAME_EVENTS, { timeoutMs: 60_000 });
    // Two transactions of eleven frames were under way before it.
    expect(order.indexOf("live")).toBeLessThan((DEVICES * FRAMES) / 4);
    for (const agent of [live, late, ...away]) await agent.vanish();
    await server.stop();
    await testDatabase.drop();
  }, 120_000);
});

describe("a database that goes away", () => {
  it("costs nothing but time: sockets are not read, memory is bounded, and nothing is lost or doubled", async () => {
    const postgres = await OwnPostgres.start();
    const server = await FleetServer.start(postgres.url);
    const { id, token } = await server.createDevice();
    const agent = await TestAgent.connect(server.url, token);
    agent.events(pings(1, 100));
    await agent.acked(100);
    await postgres.stop();

    const batches = 100;
    for (let batch = 0; batch < batches; batch++) agent.events(pings(101 + batch * 200, 300 + batch * 200));
    const ingest = server.app.get(Ingest, { strict: false });
    const [connection] = [...server.app.get(AgentGateway, { strict: false }).connections];
    await eventually(() => {
      expect(connection?.isHeld).toBe(true);
    });
    const askedAt = Date.now();
    const ready = await server.send("GET", "/health/ready");
    expect([ready.status, ready.body.detail]).toEqual([503, "PostgreSQL cannot be reached."]);
    expect(Date.now() - askedAt).toBeLessThan(3_000);
    expect((await server.send("GET", "/health/live")).status).toBe(200);
    expect(await server.request("GET", "devices")).toMatchObject({ status: 503, body: { status: 503 } });
    expect(await new TestAgent(server.url, token).closeCode()).toBe(1013);
    // What one agent may hand in without an acknowledgement, and what came in one piece with the last of it.
    expect(ingest.buffered).toBeGreaterThan(DEFAULT_LIMITS.batch * DEFAULT_LIMITS.inflight);
    expect(ingest.buffered).toBeLessThan(MAX_BUFFERED_EVENTS / 4);
    expect(agent.closed).toBeUndefined();

    await postgres.startAgain();
    await agent.acked(100 + batches * 200, { timeoutMs: 60_000 });
    expect(await storedNumbers(server, id)).toEqual(upTo(100 + batches * 200));
    expect((await server.send("GET", "/health/ready")).status).toBe(200);
    expect(connection?.isHeld).toBe(false);
    await server.stop();
    await postgres.remove();
  }, 120_000);
});
