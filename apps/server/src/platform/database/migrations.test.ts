import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { Client } from "pg";
import { migrate } from "./migrations";
import { PgDatabase } from "./pg-database";

describe("the schema", () => {
  let testDatabase: TestDatabase;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
  });
  afterAll(() => testDatabase.drop());

  it("is complete after the migrations: Prisma finds every column of every model", async () => {
    const database = new PgDatabase(testDatabase.url, () => undefined);
    const { prisma } = database;
    const models = Object.entries(prisma).filter(([name, model]) => !/^[_$]/.test(name) && typeof model === "object");
    expect(models.length).toBeGreaterThan(8);
    for (const [, model] of models) {
      const found = await (model as unknown as { findFirst(): Promise<unknown> }).findFirst();
      expect(found).toEqual(model === prisma.fleet ? expect.objectContaining({ id: 0, name: "host" }) : null);
    }
    await database.close();
  });

  it("is left alone by a second run, and by two at once", async () => {
    expect(await Promise.all([migrate(testDatabase.url), migrate(testDatabase.url)])).toEqual([[], []]);
  });

  it("refuses a database whose history differs from this program's", async () => {
    const client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query("UPDATE _prisma_migrations SET checksum = 'another'");
    await client.end();
    await expect(migrate(testDatabase.url)).rejects.toThrow(/20261124000000_initial was applied with another content/);
  });
});
