import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";

const PROGRAM = fileURLToPath(new URL("../../server/dist/main.js", import.meta.url));

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command that an administrator runs, on a database with a trail. */
describe("verify-audit", () => {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `INSERT INTO audit_record (entry, phase, node, actor_kind, action, status)
       VALUES (gen_random_uuid(), 'noted', 'test', 'system', 'start', 201)`,
    );
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const verify = async (...args: string[]): Promise<Said> => {
    const env = { ...process.env, DATABASE_URL: database.url };
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, [PROGRAM, "verify-audit", ...args], { env })) };
    } catch (error) {
      return error as Said;
    }
  };

  it("ends with 0 where the trail is whole, and says what waits", async () => {
    const { code, stdout } = await verify();
    expect(stdout).toMatch(
      /^The audit trail is whole: 0 records, up to 0:0{64}\. Waiting for their place in it: 1\.\n$/,
    );
    expect(code).toBe(0);
  });

  it("ends with 1 where it is not, where an anchor is missing, and where it was asked wrongly", async () => {
    expect(await verify("--expect", `1:${"ab".repeat(32)}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The audit trail is broken: the chain ends at position 0"),
    });
    expect(await verify("--expect", "1")).toMatchObject({
      code: 1,
      stderr: "--expect takes POSITION:HASH as an earlier run or the log wrote them\n",
    });
    await client.query("DELETE FROM audit_unsealed");
    expect(await verify()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/record 1 is outside of the chain/),
    });
  }, 30_000);
});
