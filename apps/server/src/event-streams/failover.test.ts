import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import type { ServerResponse } from "node:http";
import pino from "pino";
import { rotatePasswords } from "../rotate-passwords";
import { FleetServer } from "../test-support/fleet-server";
import { pings, TestAgent } from "../test-support/test-agent";
import { EventReceiver } from "../test-support/event-receiver";
import { StreamPace } from "./stream-pace";

const DEVICES = 12;
const BATCHES = 40;
const BATCH = 25;
const OLD_KEY = "ab".repeat(32);
const NEW_KEY = "cd".repeat(32);

/** Several processes over one database, and one receiver that hears all of them. */
describe("event streams of a fleet of servers", () => {
  let database: TestDatabase;
  let servers: FleetServer[];
  let receiver: EventReceiver;

  beforeEach(async () => {
    database = await createTestDatabase();
    servers = [await start(), await start()];
    receiver = await EventReceiver.start();
  }, 60_000);
  afterEach(async () => {
    for (const server of servers) await server.stop();
    await receiver.close();
    await database.drop();
  });

  async function start(secretKey = OLD_KEY): Promise<FleetServer> {
    const server = await FleetServer.start(database.url, { adminKey: `mfk_${"k".repeat(43)}`, secretKey });
    const pace = server.app.get(StreamPace, { strict: false });
    Object.assign(pace, { lookMs: 50, pollMs: 20, leaseMs: 4_000, retryMs: { first: 20, longest: 100 } });
    return server;
  }
  const first = () => servers[0]!;
  const second = () => servers[1]!;
  const create = async (): Promise<string> =>
    (await first().ok("POST", "event-streams", { name: "all", url: receiver.url, secret: receiver.secret })).id;
  const ownerOf = async (id: string): Promise<string | null> =>
    (await servers.at(-1)!.ok("GET", `event-streams/${id}`)).status.node;
  /** What the receiver has of each outbox, in the order of its first coming. */
  const firstComings = () => {
    const seen = new Map<string, number[]>();
    for (const { deviceId, epoch, seq } of receiver.events) {
      const numbers = seen.get(`${deviceId}/${epoch}`) ?? [];
      seen.set(`${deviceId}/${epoch}`, numbers);
      if (!numbers.includes(seq)) numbers.push(seq);
    }
    return seen;
  };

  it("bring each outbox whole and in order, whatever fails on the way, while many write at once", async () => {
    const id = await create();
    const agents: TestAgent[] = [];
    for (let count = 0; count < DEVICES; count++) {
      const { token } = await first().createDevice();
      agents.push(await TestAgent.connect(servers[count % 2]!.url, token));
    }
    let request = 0;
    receiver.refuse = (response: ServerResponse) => {
      if (++request % 3 === 0) return Boolean(response.writeHead(503).end());
      if (request % 5 > 0) return false;
      response.destroy();
      return true;
    };
    for (let batch = 0; batch < BATCHES; batch++) {
      for (const agent of agents) agent.events(pings(batch * BATCH + 1, (batch + 1) * BATCH));
      if (batch === BATCHES / 2) await first().ok("POST", `event-streams/${id}/pause`);
      await agents[batch % DEVICES]!.acked((batch + 1) * BATCH);
    }
    await first().ok("POST", `event-streams/${id}/resume`);
    for (const agent of agents) await agent.acked(BATCHES * BATCH);
    const all = Array.from({ length: BATCHES * BATCH }, (_, index) => index + 1);
    await eventually(
      () =>
        expect(firstComings().size * all.length).toBe(
          new Set(receiver.events.map(({ deviceId, seq }) => `${deviceId}/${seq}`)).size,
        ),
      { timeoutMs: 30_000 },
    );
    expect(firstComings().size).toBe(DEVICES);
    for (const numbers of firstComings().values()) expect(numbers).toEqual(all);
    await eventually(async () => expect((await first().ok("GET", `event-streams/${id}`)).status.lagEvents).toBe(0));
    for (const agent of agents) await agent.vanish();
  }, 90_000);

  it("are delivered by one process at a time, and by another at once where that stops", async () => {
    const id = await create();
    const { token } = await first().createDevice();
    await eventually(async () => expect(await ownerOf(id)).not.toBeNull());
    if ((await ownerOf(id)) === second().settings.nodeId) servers.reverse();
    const agent = await TestAgent.connect(second().url, token);
    agent.events(pings(1, 10));
    await agent.acked(10);
    await eventually(() => expect(receiver.events).toHaveLength(10));
    await first().stop();
    servers.shift();
    agent.events(pings(11, 20));
    await agent.acked(20);
    await eventually(() => expect(receiver.events.map(({ seq }) => seq)).toEqual(pings(1, 20).map(({ seq }) => seq)));
    expect(await ownerOf(id)).toBe(first().settings.nodeId);
    await agent.vanish();
  });

  it("do not follow a process that stood still and goes on after another took over", async () => {
    const id = await create();
    const { token } = await first().createDevice();
    const agent = await TestAgent.connect(second().url, token);
    const numbers = () => receiver.events.map(({ seq }) => seq);
    const upTo = (count: number) => pings(1, count).map(({ seq }) => seq);
    const { pool } = second().database;
    // The receiver lets the first owner wait for its answer; meanwhile its lease ends.
    const waiting: ServerResponse[] = [];
    receiver.refuse = (response) => waiting.push(response) > 0;
    agent.events(pings(1, 5));
    await agent.acked(5);
    await eventually(() => expect(waiting).toHaveLength(1));
    receiver.refuse = undefined;
    await pool.query("UPDATE event_stream SET leased_until = now() - interval '1 s' WHERE id = $1", [id]);
    await eventually(() => expect(numbers()).toEqual(upTo(5)));
    agent.events(pings(6, 10));
    await agent.acked(10);
    await eventually(() => expect(numbers()).toEqual(upTo(10)));
    // What it sent is taken at last: it must not move the positions back to there.
    waiting[0]?.writeHead(204).end();
    agent.events(pings(11, 12));
    await agent.acked(12);
    await eventually(async () => {
      const { rows } = await pool.query("SELECT seq FROM event_stream_position WHERE stream_id = $1", [id]);
      expect(rows).toEqual([{ seq: "12" }]);
    });
    expect(numbers()).toEqual(upTo(12));
    await agent.vanish();
  });

  it("have secrets that are encrypted anew with the passwords, and say so where their key is missing", async () => {
    const id = await create();
    const { token } = await first().createDevice();
    const rotated = await rotatePasswords(
      { databaseUrl: database.url, dataDir: "unused", secretKey: `${NEW_KEY},${OLD_KEY}` },
      pino({ level: "silent" }),
    );
    expect(rotated).toEqual({ resealed: 1, unreadable: 0 });
    const agent = await TestAgent.connect(second().url, token);
    agent.events(pings(1, 3));
    await agent.acked(3);
    await eventually(async () =>
      expect((await first().ok("GET", `event-streams/${id}`)).status).toMatchObject({
        ...{ state: "failing", lastError: expect.stringContaining("which this server does not have") },
      }),
    );
    const secretKey = `${NEW_KEY},${OLD_KEY}`;
    for (const server of servers.splice(0)) await server.stop();
    servers.push(await start(secretKey));
    await eventually(() => expect(receiver.events.map(({ seq }) => seq)).toEqual([1, 2, 3]));
  });
});
