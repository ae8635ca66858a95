import { EVENT_KINDS } from "@mn316-fleet/protocol";
import { eventually } from "@mn316-fleet/testkit";
import { TestAgent } from "../../server/src/test-support/test-agent";
import { World } from "./harness/world";
import { firstRelease, framesOf } from "./versions/recording";
import { ReplayedAgent } from "./versions/replayed-agent";
import { ReplayedServer } from "./versions/replayed-server";

const PATIENCE_MS = 120_000;
const WITHIN = { timeoutMs: 60_000, everyMs: 100 };

describe("agents and servers of different releases", () => {
  const world = new World();
  const recording = firstRelease();
  beforeAll(() => Promise.all([world.startServer(), world.startBroker()]), PATIENCE_MS);
  afterAll(() => world.stop(), 60_000);

  const told = framesOf(recording, "up", "events").flatMap(({ events }) => events as { seq: number; kind: string }[]);
  const lastAcked = Math.max(...framesOf(recording, "down", "ack").map(({ seq }) => seq as number));
  const replay = async (isOfTomorrow: boolean) => {
    const { desired } = framesOf(recording, "down", "welcome")[0] as unknown as { desired: { config: object } };
    const device = await world.addDevice({ ...desired.config });
    const agent = new TestAgent(world.url, device.token);
    const replayed = new ReplayedAgent(world.api, device, agent, isOfTomorrow);
    await replayed.replay(recording);
    return { device, agent, replayed };
  };
  const expectUnderstood = async ({ device, replayed }: Awaited<ReturnType<typeof replay>>) => {
    expect(replayed.missing).toEqual([]);
    const stored = (await world.api.all(`devices/${device.id}/events?limit=500`)).filter(({ seq }) => seq <= lastAcked);
    const byNumber = (events: { seq: number; kind: string }[]) =>
      events.map(({ seq, kind }) => [seq, kind]).sort(([a], [b]) => Number(a) - Number(b));
    expect(byNumber(stored)).toEqual(byNumber(told.filter(({ seq }) => seq <= lastAcked)));
    const statuses = await Promise.all(
      replayed.jobs.map(async (id) => (await world.api.ok("GET", `jobs/${id}/executions`)).items[0].status),
    );
    expect(statuses).toEqual(["FAILED", "SUCCEEDED"]);
    expect(await world.api.ok("GET", `devices/${device.id}/config`)).toMatchObject({ version: 2, status: "applied" });
    expect((await world.api.ok("GET", `devices/${device.id}`)).link.online).toBe(true);
  };

  it(
    "understand each other where the agent is of the first release",
    async () => {
      const result = await replay(false);
      await expectUnderstood(result);
      // Nothing that it would not know, and nothing that it did wrong.
      const types = new Set(result.agent.frames.map(({ type }) => type));
      expect([...types].sort()).toEqual(["ack", "desired", "execute", "welcome"]);
      await result.agent.leave();
    },
    PATIENCE_MS,
  );

  it(
    "understand each other where the agent is of a release to come",
    async () => {
      const result = await replay(true);
      await expectUnderstood(result);
      const { agent, device } = result;
      agent.send({ type: "frame-of-tomorrow", what: 1 });
      expect(await agent.next("error")).toMatchObject({ code: "unknown-type" });
      const { epoch } = framesOf(recording, "up", "hello")[0]!;
      const kinds = ["event-of-tomorrow", "ping"];
      const left = told.filter(({ seq }) => seq > lastAcked).length;
      const next = kinds.map((kind, index) => ({ seq: lastAcked + left + 1 + index, at: Date.now(), kind }));
      agent.send({ type: "events", epoch, events: next });
      await eventually(async () => {
        const [last, before] = await world.api.all(`devices/${device.id}/events?limit=500`);
        expect([before.kind, before.of, last.kind]).toEqual(["unread", "event-of-tomorrow", "ping"]);
      }, WITHIN);
      expect(agent.closed).toBeUndefined();
      await agent.leave();
    },
    PATIENCE_MS,
  );

  it.each([
    ["the first release", false],
    ["a release to come", true],
  ])(
    "understand each other where the server is of %s",
    async (_name, isOfTomorrow) => {
      const device = await world.addDevice(world.config());
      const { desired } = await world.api.ok("GET", `devices/${device.id}/config`);
      const server = new ReplayedServer(recording, desired, isOfTomorrow);
      const module = await world.startModule(device, ["--time-scale", "20"]);
      const agent = world.startAgent(device, module, await server.open());
      await eventually(() => {
        const applied = [...server.events.values()].find(
          ({ kind, status }) => kind === "config" && status === "applied",
        );
        expect(applied).toMatchObject({ version: 1 });
      }, WITHIN);
      for (const [index, status] of ["FAILED", "SUCCEEDED"].entries()) {
        const execution = server.execute(index);
        server.execute(index); // twice, as a server does that heard no answer
        await eventually(() => expect(server.reports(execution).at(-1)).toMatchObject({ status }), WITHIN);
      }
      expect((await module.commands()).filter((line) => line === "AT+XNO")).toHaveLength(1);
      expect(server.missing).toEqual([]);
      const kinds = new Set(told.map(({ kind }) => kind));
      const heard = [...server.events.values()].map(({ kind }) => kind as string);
      expect(heard.filter((kind) => !kinds.has(kind) && !EVENT_KINDS.some((known) => known === kind))).toEqual([]);
      const complaints = server.frames.filter(({ type }) => type === "error");
      if (isOfTomorrow) expect(complaints).toMatchObject([{ code: "bad-frame" }]);
      else expect(complaints).toEqual([]);
      await agent.stop();
      await server.close();
    },
    PATIENCE_MS,
  );
});
