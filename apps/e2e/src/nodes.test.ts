import type { LiveEvent } from "@mn316-fleet/contracts";
import { CLOSE } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { readEventStream } from "../../../libs/client/src/transport/event-stream";
import { Cluster } from "./harness/cluster";
import type { LightAgent } from "./harness/light-agent";
import { OwnRedis } from "./harness/own-redis";

const NOTICED_WITHIN_MS = 10_000;
const redis = await OwnRedis.find();

interface Heard {
  id: string;
  event: LiveEvent;
}

(redis ? describe : describe.skip)("two server processes over one PostgreSQL and one Redis", () => {
  if (!redis) return;
  let database: TestDatabase;
  let cluster: Cluster;

  beforeAll(async () => {
    database = await createTestDatabase();
    await redis.start();
    cluster = new Cluster({ DATABASE_URL: database.url, REDIS_URL: redis.url, FLEET_SECRET_KEY: "5".repeat(64) });
    for (let node = 0; node < 2; node++) await cluster.addNode();
  }, 90_000);
  afterAll(async () => {
    await cluster.stop();
    await redis.kill();
    await database.drop();
  }, 60_000);

  const connect = async (agents: LightAgent[], node: number) => {
    for (const agent of agents) agent.start(node);
    await eventually(() => expect(agents.filter(({ isConnected }) => !isConnected)).toHaveLength(0), {
      timeoutMs: 30_000,
    });
  };
  const online = async (tag: string) => (await cluster.api().all(`devices?online=true&tag=${tag}&limit=500`)).length;
  /** Reads a node's live events of one device, from an event on where one is given. */
  const listen = async (node: number, deviceId: string, lastEventId?: string) => {
    const end = new AbortController();
    const heard: Heard[] = [];
    const response = await fetch(`${cluster.urls[node]}/api/v1/live?deviceId=${deviceId}`, {
      headers: {
        authorization: `Bearer ${cluster.adminKey}`,
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
      signal: end.signal,
    });
    expect(response.status).toBe(200);
    const reading = (async () => {
      for await (const { id, data } of readEventStream(response.body!))
        if (id !== undefined && data !== undefined) heard.push({ id, event: JSON.parse(data) as LiveEvent });
    })().catch(() => undefined); // ended by the test
    return {
      heard,
      end: async () => {
        end.abort();
        await reading;
      },
    };
  };

  it("tell a listener of one what happens at the other, and let it go on there behind the last event it heard", async () => {
    const [agent] = await cluster.addDevices(1, "live");
    const { deviceId } = agent!;
    const here = await listen(0, deviceId);
    await connect([agent!], 1);
    const states = (["connected", "disconnected"] as const).map((state) => ({ state }));
    let turns = 0;
    await eventually(
      () => {
        // Again until it is heard: the stream may have begun behind the first.
        const [from, to] = turns++ % 2 === 0 ? states.toReversed() : states;
        agent!.tell({ kind: "state", from: from!.state, to: to!.state, since: Date.now(), cause: "requested" });
        expect(here.heard.map(({ event }) => event)).toContainEqual(
          expect.objectContaining({
            kind: "device",
            module: { state: expect.stringMatching("connected"), cause: "requested" },
          }),
        );
      },
      { timeoutMs: 15_000, everyMs: 500 },
    );
    const there = cluster.api(1);
    await there.ok("PUT", `devices/${deviceId}/config`, {
      mqtt: { host: "broker.example", port: 1883, clientId: "{device}" },
    });
    const applied = await eventually(() => {
      const found = here.heard.find(({ event }) => event.kind === "config" && event.status === "applied");
      expect(found).toMatchObject({ event: { desiredVersion: 1, reportedVersion: 1 } });
      return found!;
    });
    const job = await there.ok("POST", `devices/${deviceId}/probe`);
    const steps = (heard: Heard[]) =>
      heard.flatMap(({ event }) => (event.kind === "execution" && event.jobId === job.id ? [event.status] : []));
    await eventually(() => expect(steps(here.heard).at(-1)).toBe("SUCCEEDED"));
    expect(steps(here.heard)).toEqual(expect.arrayContaining(["SENT", "SUCCEEDED"]));
    await here.end();

    const resumed = await listen(1, deviceId, applied.id);
    const missed = here.heard.slice(here.heard.indexOf(applied) + 1);
    await eventually(() => expect(resumed.heard.length).toBeGreaterThanOrEqual(missed.length));
    expect(resumed.heard.slice(0, missed.length)).toEqual(missed);
    await resumed.end();
    agent!.stop();
  }, 90_000);

  it("hand over: one that is asked to end sends its agents away with 1012, and what they were at goes on", async () => {
    const agents = await cluster.addDevices(60, "drained");
    for (const agent of agents) agent.workMs = 2_000;
    await connect(agents, 1);
    const { id } = await cluster.api().ok("POST", "jobs", {
      kind: "at",
      steps: [{ command: "AT+CSQ" }, { command: "AT+CEREG?" }],
      targets: { selector: { tags: ["drained"] } },
    });
    await eventually(() => expect(agents.filter(({ commands }) => commands.size === 0)).toHaveLength(0), {
      timeoutMs: 30_000,
    });
    await cluster.drain(1);
    expect(agents.map(({ closeCodes }) => closeCodes[0])).toEqual(agents.map(() => CLOSE.restarting));
    await eventually(() => expect(agents.filter(({ isConnected }) => !isConnected)).toHaveLength(0), {
      timeoutMs: 30_000,
    });
    await eventually(
      async () =>
        expect(await cluster.api().ok("GET", `jobs/${id}`)).toMatchObject({
          status: "COMPLETED",
          counts: { succeeded: 60 },
        }),
      { timeoutMs: 30_000 },
    );
    expect(agents.map(({ commands }) => [...commands.values()])).toEqual(agents.map(() => [2]));
    expect(await online("drained")).toBe(60);
    for (const agent of agents) agent.stop();
    await cluster.startAgain(1);
  }, 120_000);

  it("notice within ten seconds that the other was killed: its agents are offline", async () => {
    const agents = await cluster.addDevices(20, "killed");
    await connect(agents, 1);
    expect(await online("killed")).toBe(20);
    const killedAt = Date.now();
    await cluster.kill(1);
    for (const agent of agents) agent.stop();
    await eventually(async () => expect(await online("killed")).toBe(0), { timeoutMs: 30_000 });
    const { rows } = await cluster.pool.query<{ ended: Date; code: number }>(
      `SELECT l.ended, l.close_code AS code FROM link_session l JOIN device d ON d.id = l.device_id WHERE d.tags @> '{killed}'`,
    );
    expect(rows).toHaveLength(20);
    expect(rows.filter(({ code }) => code !== 1006)).toEqual([]);
    const noticedMs = Math.max(...rows.map(({ ended }) => ended.getTime())) - killedAt;
    expect(noticedMs).toBeLessThan(NOTICED_WITHIN_MS);
    await cluster.startAgain(1);
  }, 120_000);
});
