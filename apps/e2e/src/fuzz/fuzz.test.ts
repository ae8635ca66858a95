import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { fuzzTargets } from "./targets/index";

/** The same inputs each time, so that a failure is nobody else's; `npm run fuzz` tries others, and more of them. */
const SEED = 316;
const RUNS: Record<string, number> = {
  serial: 1_500,
  "agent-frames": 150,
  "server-frames": 100,
  rest: 250,
  queries: 200,
  selectors: 100,
  csv: 60,
};

describe("hostile input", () => {
  let database: TestDatabase;
  let fuzzed: ReturnType<typeof fuzzTargets>;

  beforeAll(async () => {
    database = await createTestDatabase();
    fuzzed = fuzzTargets({ DATABASE_URL: database.url });
  }, 60_000);
  afterAll(async () => {
    await fuzzed.stop();
    await database.drop();
  }, 60_000);

  it("is tried on every target", () => {
    expect(Object.keys(RUNS)).toEqual(Object.keys(fuzzed.targets));
  });

  it.each(Object.entries(RUNS))(
    "does no harm to %s in %i inputs",
    async (name, runs) => {
      expect(await fuzzed.targets[name]!.fuzz({ seed: SEED, runs })).toBeGreaterThanOrEqual(runs);
    },
    120_000,
  );
});
