import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { Cluster } from "./harness/cluster";
import type { LightAgent } from "./harness/light-agent";
import { OwnRedis } from "./harness/own-redis";

/** The long form of the same proof: five thousand devices on three nodes. */
const IS_LONG = process.env.FLEET_LONG === "1";
const NODES = IS_LONG ? 3 : 2;
const DEVICES = IS_LONG ? 5_000 : 400;
const PER_MINUTE = IS_LONG ? 6_000 : 2_400;
const CONCURRENT = IS_LONG ? 200 : 50;
const FINAL = ["SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "CANCELED", "EXPIRED"];

const redis = await OwnRedis.find();

(redis ? describe : describe.skip)(`a job over ${DEVICES} devices on ${NODES} nodes`, () => {
  if (!redis) return;
  let database: TestDatabase;
  let cluster: Cluster;

  beforeAll(async () => {
    database = await createTestDatabase();
    await redis.start();
    cluster = new Cluster({ DATABASE_URL: database.url, REDIS_URL: redis.url });
    for (let node = 0; node < NODES; node++) await cluster.addNode();
  }, 90_000);
  afterAll(async () => {
    await cluster.stop();
    await redis.kill();
    await database.drop();
  }, 60_000);

  const connect = async (agents: LightAgent[]) => {
    for (const agent of agents) agent.start();
    await eventually(() => expect(agents.filter(({ isConnected }) => !isConnected)).toHaveLength(0), {
      timeoutMs: 60_000,
    });
  };
  const create = (tag: string, body: object) =>
    cluster.api().ok("POST", "jobs", {
      kind: "at",
      steps: [{ command: "AT+CSQ" }, { command: "AT+CEREG?" }],
      targets: { selector: { tags: [tag] } },
      ...body,
    });
  const untilOver = (id: string, timeoutMs: number) =>
    eventually(
      async () => {
        const job = await cluster.api(NODES - 1).ok("GET", `jobs/${id}`);
        expect(job.status).not.toBe("ROLLING_OUT");
        return job;
      },
      { timeoutMs, everyMs: 250 },
    );
  const executionsOf = async (id: string) => {
    const { rows } = await cluster.pool.query<{ id: string; device: string; status: string }>(
      "SELECT id, device_id AS device, status FROM execution WHERE job_id = $1",
      [id],
    );
    return rows;
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it("ends with each execution in one final state, and done as often as that says, whatever dies meanwhile", async () => {
    const agents = await cluster.addDevices(DEVICES, "all");
    const offline = agents.filter((_, index) => index % 10 === 3);
    const refusing = agents.filter((_, index) => index % 10 === 7);
    for (const agent of refusing) agent.behaviour = "refuse";
    const online = agents.filter((agent) => !offline.includes(agent));
    await connect(online);
    const aloneS = (online.length / PER_MINUTE) * 60;
    const { id } = await create("all", {
      rollout: { perMinute: PER_MINUTE, concurrent: CONCURRENT },
      timeoutS: 5,
    });

    await pause((aloneS * 1_000) / 4);
    await cluster.kill(0);
    await pause(2_000);
    await cluster.startAgain(0);
    await redis.kill();
    await pause(500);
    await redis.start();
    await pause((aloneS * 1_000) / 4);
    await cluster.kill(NODES - 1);
    await cluster.startAgain(NODES - 1);
    // Half of those that were away come back in time, all at once.
    const back = offline.filter((_, index) => index % 2 === 0);
    await connect(back);

    const away = offline.length - back.length;
    await eventually(
      async () => {
        const { queued, sent, running } = (await cluster.api().ok("GET", `jobs/${id}`)).counts;
        expect({ queued, sent, running }).toEqual({ queued: away, sent: 0, running: 0 });
      },
      { timeoutMs: aloneS * 3_000 + 90_000, everyMs: 250 },
    );
    // The day that those who stayed away are waited for.
    await cluster.pool.query("UPDATE job SET expires_at = now() WHERE id = $1", [id]);
    expect((await untilOver(id, 60_000)).status).toBe("COMPLETED");
    const executions = await executionsOf(id);
    expect(new Set(executions.map(({ device }) => device)).size).toBe(DEVICES);
    expect(executions.filter(({ status }) => !FINAL.includes(status))).toEqual([]);
    const byDevice = new Map(agents.map((agent) => [agent.deviceId, agent]));
    const wrong = executions.filter(({ id: execution, device, status }) => {
      const agent = byDevice.get(device)!;
      const expected = refusing.includes(agent)
        ? "REJECTED"
        : online.includes(agent) || back.includes(agent)
          ? "SUCCEEDED"
          : "EXPIRED";
      const commands = agent.commands.get(execution) ?? 0;
      return status !== expected || commands !== (expected === "SUCCEEDED" ? 2 : 0);
    });
    expect(wrong).toEqual([]);
    for (const agent of offline) agent.stop();
  }, 400_000);

  it("keeps its rate within a tenth over all nodes", async () => {
    const agents = await cluster.addDevices(121, "rate");
    await connect(agents);
    const { id } = await create("rate", { rollout: { perMinute: 1_200 } });
    expect(await untilOver(id, 60_000)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 121 } });
    const { rows } = await cluster.pool.query<{ seconds: number }>(
      `SELECT extract(epoch FROM max(released_at) - min(released_at))::float8 AS seconds FROM execution WHERE job_id = $1`,
      [id],
    );
    expect(rows[0]!.seconds).toBeGreaterThan(6 * 0.9);
    expect(rows[0]!.seconds).toBeLessThan(6 * 1.1);
  }, 120_000);

  it("is aborted within one bound of devices behind its threshold", async () => {
    const agents = await cluster.addDevices(300, "failing");
    for (const [index, agent] of agents.entries()) agent.behaviour = index % 2 === 0 ? "fail" : "succeed";
    await connect(agents);
    const [minExecuted, concurrent] = [50, 20];
    const abort = { failedPercent: 40, minExecuted };
    const { id } = await create("failing", { rollout: { concurrent, abort } });
    expect((await untilOver(id, 60_000)).status).toBe("ABORTED");
    await eventually(async () => {
      const executions = await executionsOf(id);
      expect(executions.filter(({ status }) => !FINAL.includes(status))).toEqual([]);
    });
    const reached = (await executionsOf(id)).filter(({ status }) => status !== "CANCELED");
    expect(reached.length).toBeGreaterThanOrEqual(minExecuted);
    expect(reached.length).toBeLessThanOrEqual(minExecuted + concurrent);
    const asked = agents.filter(({ commands }) => commands.size > 0);
    expect(asked.length).toBe(reached.length);
  }, 120_000);

  it("reaches a device in one hop from any node, and keeps its execution when it moves between them", async () => {
    const [agent] = await cluster.addDevices(1, "moving");
    agent!.workMs = 3_000;
    agent!.start(NODES - 1);
    await eventually(() => expect(agent!.isConnected).toBe(true));
    const began = Date.now();
    const arrived = new Promise<number>((resolve) => {
      agent!.onExecute = () => {
        resolve(Date.now() - began);
      };
    });
    const { id } = await create("moving", {});
    expect(await arrived).toBeLessThan(5_000);
    await eventually(async () => expect((await executionsOf(id))[0]!.status).toBe("RUNNING"));
    agent!.stop();
    agent!.start(0);
    expect((await untilOver(id, 30_000)).counts).toMatchObject({ succeeded: 1 });
    expect([...agent!.commands.values()]).toEqual([2]);
  }, 60_000);
});
