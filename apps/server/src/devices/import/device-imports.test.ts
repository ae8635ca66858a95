import { checkedImportSchema, importedDevicesSchema, MAX_IMPORTED_DEVICES } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { parse } from "csv-parse/sync";
import { MAX_CSV_BYTES } from "../../platform/http/csv-bodies";
import { FleetServer } from "../../test-support/fleet-server";
import { TestAgent } from "../../test-support/test-agent";

const imei = (n: number) => `8600000000${String(n).padStart(5, "0")}`;

describe("an import of devices", () => {
  let database: TestDatabase;
  let server: FleetServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM device");
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const send = (body: string | Buffer, headers: Record<string, string> = {}, query = "") =>
    server.send("POST", `/api/v1/devices/import${query}`, {
      body: body as string,
      headers: { authorization: `Bearer ${server.adminKey}`, "content-type": "text/csv; charset=utf-8", ...headers },
    });
  const errorsOf = async (body: string): Promise<string[]> => {
    const answer = await send(body);
    expect(answer.status).toBe(422);
    expect(await count()).toBe(0);
    return answer.body.errors.map(({ path, rule }: { path: string; rule: string }) => `${path}: ${rule}`);
  };
  const count = async () =>
    (await server.database.pool.query("SELECT count(*)::int AS n FROM device")).rows[0].n as number;

  it("makes a device with a token of each line, whatever order the columns are in", async () => {
    const answer = await send(
      `\uFEFFtags,name,timeZone,imei\r\n"north; pump;north",Pump 7,Europe/Berlin,${imei(7)}\r\n\r\n,"Pump ""8"", old",,\r\n`,
    );
    expect(answer.status).toBe(201);
    expect(importedDevicesSchema.strict().parse(answer.body)).toEqual(answer.body);
    expect(answer.body.items).toMatchObject([
      { line: 2, name: "Pump 7", imei: imei(7) },
      { line: 4, name: 'Pump "8", old', imei: null },
    ]);
    const [first, second] = answer.body.items;
    expect(await server.ok("GET", `devices/${first.id}`)).toMatchObject({
      name: "Pump 7",
      imei: imei(7),
      tags: ["north", "pump"],
      timeZone: "Europe/Berlin",
      module: { state: "unknown" },
    });
    const agent = await TestAgent.connect(server.url, second.token);
    expect((await server.ok("GET", `devices/${second.id}`)).link.online).toBe(true);
    await agent.vanish();
  });

  it("answers in CSV where that is asked for, without a formula in it", async () => {
    const answer = await send("name\n=1+1\n", { accept: "text/csv" });
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [row] = parse<Record<string, string>>(String(answer.body), { columns: true });
    expect(row).toMatchObject({ line: "2", name: "'=1+1", imei: "", token: expect.stringMatching(/^mfd_/) });
  });

  it("says with dryRun what it would do, and does nothing", async () => {
    const answer = await send(`name,imei\na,${imei(1)}\nb,\n`, {}, "?dryRun=true");
    expect(answer.status).toBe(200);
    expect(checkedImportSchema.strict().parse(answer.body)).toEqual({ isDryRun: true, devices: 2 });
    expect(await count()).toBe(0);
    await server.createDevice({ imei: imei(1) });
    const taken = await send(`name,imei\na,${imei(1)}\n`, {}, "?dryRun=true");
    expect([taken.status, taken.body.errors]).toMatchObject([422, [{ path: "lines.2.imei", rule: "unique" }]]);
  });

  it("makes none where a single line is wrong, and names each line and field", async () => {
    const lines = [
      "name,imei,tags,timeZone",
      `a,${imei(1)},,`,
      "b,8.6E+14,,",
      ",,,",
      `c,${imei(1)},a b,Mars`,
      "d,,x",
      "e,,,",
    ];
    expect(await errorsOf(lines.join("\n"))).toEqual([
      "lines.3.imei: format-regex",
      "lines.4.name: min",
      "lines.5.tags.0: format-regex",
      "lines.5.timeZone: time-zone",
      "lines.6: columns",
    ]);
    expect(await errorsOf(`name,imei\na,${imei(1)}\nb,${imei(2)}\nc,${imei(1)}`)).toEqual(["lines.4.imei: unique"]);
    expect(await errorsOf("name\na\u0000b")).toEqual(["lines.2.name: no-control-characters"]);
  });

  it.each<[what: string, body: string, errors: string[]]>([
    ["no line", "", ["lines: required"]],
    ["no device", "name,imei\n", ["lines: required"]],
    ["no name", "imei\n1", ["lines.1.name: required"]],
    ["an unknown column", "name,colour\na,red", ["lines.1.colour: unknown-field"]],
    ["a column twice", "name,name\na,b", ["lines.1.name: unique"]],
    ["semicolons", "name;imei\na;b", ["lines.1.name;imei: unknown-field", "lines.1.name: required"]],
    ["an open quote", 'name\na\n"b\n', ["lines.3: csv"]],
    ["a line without end", `name\n${"x".repeat(100_000)}`, ["lines.2: csv"]],
  ])("refuses a file with %s", async (_what, body, errors) => {
    expect(await errorsOf(body)).toEqual(errors);
  });

  it("shows so many errors of a file that is wrong throughout, and says how many there are", async () => {
    const answer = await send(`name,imei\n${"a,1\n".repeat(700)}`);
    expect(answer.body).toMatchObject({ status: 422, detail: expect.stringContaining("700 entries") });
    expect(answer.body.errors).toHaveLength(500);
  });

  it("takes as many devices as it promises, and not one more", async () => {
    const file = (devices: number) =>
      `name,imei,tags\n${Array.from({ length: devices }, (_, n) => `pump ${n},${imei(n)},north;pump`).join("\n")}`;
    expect(await errorsOf(file(MAX_IMPORTED_DEVICES + 1))).toEqual(["lines: max"]);
    const answer = await send(file(MAX_IMPORTED_DEVICES));
    expect(answer.status).toBe(201);
    expect(await count()).toBe(MAX_IMPORTED_DEVICES);
    expect(new Set(answer.body.items.map(({ token }: { token: string }) => token)).size).toBe(MAX_IMPORTED_DEVICES);
    const last = answer.body.items.at(-1);
    expect((await server.ok("GET", `devices/${last.id}`)).imei).toBe(last.imei);
  }, 60_000);

  it("is made once, however often it comes with the same key, and tells a repeat the devices", async () => {
    const body = `name,imei\na,${imei(1)}\nb,${imei(2)}`;
    const answers = await Promise.all([1, 2].map(() => send(body, { "idempotency-key": "k" })));
    const [made, repeat] = answers.sort((a, b) => a.status - b.status);
    expect([made!.status, repeat!.status]).toEqual([201, 409]);
    expect(repeat!.body.made).toEqual({ ids: made!.body.items.map(({ id }: { id: string }) => id) });
    expect(await count()).toBe(2);
    expect((await send(`${body}\nc,`, { "idempotency-key": "k" })).body.errors).toMatchObject([
      { rule: "same-request" },
    ]);
  });

  it("names the line where two imports want the same IMEI at the same time", async () => {
    const body = `name,imei\na,\nb,${imei(1)}`;
    const answers = await Promise.all([1, 2, 3].map(() => send(body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422]);
    for (const { status, body: problem } of answers)
      if (status === 422) expect(problem.errors).toMatchObject([{ path: "lines.3.imei", rule: "unique" }]);
    expect(await count()).toBe(2);
  });

  it("is CSV in UTF-8 and bounded, and no other route takes that", async () => {
    expect((await send('{"name":"a"}', { "content-type": "application/json" })).status).toBe(415);
    expect((await send(Buffer.from("name\n\xff", "latin1"))).status).toBe(400);
    expect((await send(`name\n${"x,\n".repeat(MAX_CSV_BYTES / 3)}`)).status).toBe(413);
    const elsewhere = await server.send("POST", "/api/v1/devices", {
      body: "name\na",
      headers: { authorization: `Bearer ${server.adminKey}`, "content-type": "text/csv" },
    });
    expect(elsewhere.status).toBe(415);
    expect(await count()).toBe(0);
  });
});
