import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { Pool } from "pg";
import { type Counts, sharedCount } from "./shared-count";

describe("a count that all processes share", () => {
  let database: TestDatabase;
  let pool: Pool;
  let counted = 0;
  const count = (): Promise<Counts> => Promise.resolve([{ value: "connected", count: ++counted }]);
  const ask = () => sharedCount(pool, "fleet_devices", count);
  const ages = (seconds: number) =>
    pool.query(
      "UPDATE fleet_count SET claimed_at = claimed_at - $1 * interval '1 s', counted_at = counted_at - $1 * interval '1 s'",
      [seconds],
    );

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.url });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it("is made by one of them at a time, and anew when it is old", async () => {
    expect(await ask()).toEqual([{ value: "connected", count: 1 }]);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill([{ value: "connected", count: 1 }]));
    await ages(11);
    const counts = await Promise.all([ask(), ask(), ask()]);
    expect(counted).toBe(2);
    expect(counts.flat().map(({ count: each }) => each)).toContain(2);
    expect(await ask()).toEqual([{ value: "connected", count: 2 }]);
  });

  it("is made by everybody where whoever said so does not come to an end", async () => {
    await ages(61);
    await pool.query("UPDATE fleet_count SET claimed_at = clock_timestamp()");
    expect(await ask()).toEqual([{ value: "connected", count: 3 }]);
    await expect(sharedCount(pool, "other", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect(await sharedCount(pool, "other", count)).toEqual([{ value: "connected", count: 4 }]);
  });
});
