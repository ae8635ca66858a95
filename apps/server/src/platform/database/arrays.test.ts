import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { Client } from "pg";
import { jsonLines, plainArray } from "./arrays";

describe("arrays on their way into the database", () => {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it("arrive as they left", async () => {
    const ids = ["0b9a3f52-6d0e-4c1f-9a57-2f6f3d1f8a11", "0b9a3f52-6d0e-4c1f-9a57-2f6f3d1f8a12"];
    const at = "2026-11-27T06:00:00.123Z";
    const { rows } = await client.query(
      "SELECT $1::uuid[] AS ids, $2::bigint[]::text[] AS numbers, $3::timestamptz[] AS moments, $4::text[] AS words",
      [
        plainArray(ids),
        plainArray([0, -7, 9_007_199_254_740_991]),
        plainArray([at, null]),
        plainArray(["gave-up", ""]),
      ],
    );
    expect(rows).toEqual([
      { ids, numbers: ["0", "-7", "9007199254740991"], moments: [new Date(at), null], words: ["gave-up", ""] },
    ]);
    const none = await client.query("SELECT $1::uuid[] AS ids", [plainArray([])]);
    expect(none.rows).toEqual([{ ids: [] }]);
  });

  it("keep JSON whatever its texts hold", async () => {
    const documents = [{ topic: 'a,"b"{c}\\n\nd' }, {}, { nested: { line: "\r\n\t\u2028" } }];
    const { rows } = await client.query<{ documents: unknown }>(
      "SELECT to_jsonb(string_to_array($1, E'\\n')::jsonb[]) AS documents",
      [jsonLines(documents.map((document) => JSON.stringify(document)))],
    );
    expect(rows[0]?.documents).toEqual(documents);
  });
});
