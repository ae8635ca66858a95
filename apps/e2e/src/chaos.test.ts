import { seededRandom } from "../../../libs/virtual-mn316/src/random";
import { FAULTS } from "./chaos/faults";
import { lastLook, suffer } from "./chaos/round";
import { ChaosWorld } from "./chaos/world/chaos-world";

/** The short form of `npm run chaos`: one fault of each sort, for as short as it can be, over one set of processes. */
const SHORT = [
  "server-killed",
  "agents-killed",
  "postgres-killed",
  "postgres-disk-full",
  "redis-paused",
  "network-reordered",
  "network-half-open",
  "server-clocks-jump",
  "two-agents-one-token",
  "rolling-restart",
];
/** The same in each run, so that one that failed can be repeated: `npm run chaos -- --seed 316`. */
const SEED = 316;
const PATIENCE_MS = 240_000;

describe("a fleet of real processes", () => {
  let world: ChaosWorld;
  beforeAll(async () => {
    const random = seededRandom(SEED);
    const devices = { lightAgents: 20, virtualDevices: 6, perProcess: 3, fieldDevices: 1 };
    const pace = { timeScale: 20, outagesPerHour: 20, eventEveryMs: 1_000, jobEveryMs: 500 };
    world = await ChaosWorld.start(
      { nodes: 3, ...devices, ...pace, databaseMib: 512, settleWithinMs: 120_000, seed: SEED },
      random,
    );
  }, PATIENCE_MS);
  afterAll(() => world.stop(), 60_000);

  it.each(SHORT)(
    "comes through: %s",
    async (name) => {
      const fault = FAULTS[name]!;
      const outcome = await suffer(world, name, fault, fault.lastsS[0]);
      expect(outcome.problems).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    "has lost nothing, doubled nothing and left nothing undone in the end",
    async () => {
      expect(await lastLook(world)).toEqual([]);
      expect(world.jobs.made.length).toBeGreaterThan(SHORT.length);
    },
    PATIENCE_MS,
  );
});
