import { eventually } from "@mn316-fleet/testkit";
import { type Device, World } from "./harness/world";
import { type VirtualModule } from "./harness/virtual-module";

/** `AGENT_KILLS=200` for the long form. */
const KILLS = Number(process.env.AGENT_KILLS ?? 12);
const SERVER_KILL_EVERY = 10;
const LONGEST_LIFE_MS = 1_500;

describe(`an agent that is killed ${KILLS} times at random moments of a stream, and its server now and then`, () => {
  const world = new World();
  let device: Device;
  let module: VirtualModule;

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    // With the heart-beat's answers shown and time running fast, the module produces a steady stream of events.
    device = await world.addDevice(world.config({ keepAliveS: 20, pingEcho: true }));
    module = await world.startModule(device, ["--time-scale", "200"]);
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const kill = async (agent: ReturnType<World["startAgent"]>) => {
    agent.stopping = true;
    agent.child.kill("SIGKILL");
    await agent.exited;
  };

  it(
    "stores every event once and in order, and runs every execution at most once",
    async () => {
      const jobs: { id: string; command: string }[] = [];
      for (let round = 1; round <= KILLS; round++) {
        const command = `AT+XROUND=${round}`; // which the module answers with an error, and counts all the same
        const { id } = await world.api.ok("POST", "jobs", {
          ...{
            kind: "at",
            targets: { deviceIds: [device.id] },
            steps: [{ command }, { command: "AT+CSQ" }],
            timeoutS: 5,
          },
        });
        jobs.push({ id, command });
        const agent = world.startAgent(device, module);
        const isServerToo = round % SERVER_KILL_EVERY === 0;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
        if (isServerToo) {
          await world.killServer();
          await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
        }
        await kill(agent);
        if (isServerToo) await world.startServer();
      }
      world.startAgent(device, module);

      const isOver = async ({ id }: { id: string }) => (await world.api.ok("GET", `jobs/${id}`)).status === "COMPLETED";
      const last = jobs.at(-1)!;
      // Executions go one at a time, so behind the last of them all have ended.
      await eventually(async () => expect(await isOver(last)).toBe(true), { timeoutMs: 120_000, everyMs: 500 });
      for (const job of jobs) expect([job.command, await isOver(job)]).toEqual([job.command, true]);

      const lines = await module.commands();
      const runs = jobs.map(({ command }) => [command, lines.filter((line) => line === command).length] as const);
      expect(runs.filter(([, times]) => times > 1)).toEqual([]);
      expect(runs.filter(([, times]) => times === 1).length).toBeGreaterThan(0);
      // Where an execution is told to have failed for another reason than a kill, its command did run.
      for (const [index, { id }] of jobs.entries()) {
        const [execution] = (await world.api.ok("GET", `jobs/${id}/executions`)).items;
        expect(execution.status).toMatch(/^(FAILED|TIMED_OUT)$/);
        if (/answered/.test(execution.error ?? "")) expect(runs[index]?.[1]).toBe(1);
      }

      const events = (await world.api.all(`devices/${device.id}/events?limit=500`)).reverse();
      const numbers = events.map(({ seq }) => seq as number).sort((a, b) => a - b);
      expect(new Set(events.map(({ epoch }) => epoch as number)).size).toBe(1);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
      expect(numbers.length).toBeGreaterThan(KILLS * 3);
      process.stderr.write(`${KILLS} kills: ${numbers.length} events, each stored once\n`);
    },
    120_000 + KILLS * 8_000,
  );
});
