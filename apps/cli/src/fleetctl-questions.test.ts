import { readFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "./exit-codes";
import { type Created, FleetctlUnderTest } from "./test-support/fleetctl-under-test";

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "{device}" } };

describe("fleetctl and questions, exports and any operation", () => {
  const test = new FleetctlUnderTest();

  it("asks the questions that the server's document lists", async () => {
    const { id } = await test.create("pump", "--tag", "north");
    const questions = await test.fleetctl.json<{ name: string }[]>("analytics");
    expect(questions.map(({ name }) => name)).toEqual(expect.arrayContaining(["availability", "timeouts"]));
    const answer = await test.fleetctl.json(
      "analytics",
      "availability",
      "--device",
      "pump",
      "--from",
      "7d",
      "-q",
      "worst=3",
    );
    expect(answer.devices).toBe(1);
    expect((await test.fleetctl.run(["analytics", "timeouts", "--tag", "north", "-q", "bucket=day"])).stdout).toMatch(
      /^bucket: +day$/m,
    );
    const unknown = await test.fleetctl.run(["analytics", "weather"]);
    expect([unknown.code, unknown.stderr]).toEqual([EXIT.usage, expect.stringContaining('does not answer "weather"')]);
    expect((await test.fleetctl.run(["analytics", "timeouts", "-q", "colour=red"])).stderr).toContain("colour");
    await test.fleetctl.json("devices", "delete", id);
  });

  it("exports whole lists to a file that is there only once it is whole", async () => {
    const { id } = await test.create("d0");
    for (let index = 0; index < 3; index++) await test.fleetctl.json("jobs", "probe", "d0");
    const target = path.join(test.fleetctl.folder, "jobs.ndjson");
    // A list that the server only pages.
    expect((await test.fleetctl.run(["export", "jobs", "-o", target, "-q", "limit=2"])).code).toBe(EXIT.ok);
    const before = readFileSync(target, "utf8");
    const jobs = before.trim().split("\n");
    expect(jobs.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["probe", "probe", "probe"]);
    expect((await test.fleetctl.run(["export", "jobs", "--format", "csv"])).code).toBe(EXIT.usage);
    expect((await test.fleetctl.run(["export", "jobs", "-o", target, "-q", "limit=0"])).code).toBe(EXIT.usage);
    expect(readFileSync(target, "utf8")).toBe(before);
    const homeless = await test.fleetctl.run(["export", "executions"]);
    expect([homeless.code, homeless.stderr]).toEqual([EXIT.usage, expect.stringContaining("name it with --device")]);
    // What the server itself exports, in its formats.
    expect(
      (await test.fleetctl.run(["export", "devices"])).stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ deviceId: id }]);
    expect((await test.fleetctl.run(["export", "devices", "--format", "csv"])).stdout.trim().split("\n")).toHaveLength(
      2,
    );
    expect((await test.fleetctl.run(["export", "devices", "--format", "xls"])).code).toBe(EXIT.usage);
    await test.fleetctl.json("devices", "delete", id);
  });

  it("calls any operation by its address", async () => {
    const made = await test.fleetctl.run(["api", "post", "/devices", "-f", "-"], { stdin: "name: by hand" });
    const { id } = JSON.parse(made.stdout) as Created;
    expect(await test.fleetctl.json("api", "GET", "/api/v1/devices", "-q", "q=by hand")).toMatchObject({
      items: [{ id }],
    });
    const put = ["api", "PUT", `devices/${id}/config`, "-f", test.file("c.json", CONFIG)];
    expect((await test.fleetctl.run([...put, "-H", 'If-Match="7"'])).stderr).toContain("(412)");
    expect((await test.fleetctl.run(put)).code).toBe(EXIT.ok);
    expect(await test.fleetctl.run(["api", "DELETE", `devices/${id}`])).toMatchObject({ code: EXIT.ok, stdout: "" });
    expect((await test.fleetctl.run(["api", "GET", `devices/${id}`])).code).toBe(EXIT.failed);
    expect((await test.fleetctl.run(["api", "GET", "https://elsewhere.example/x"])).code).toBe(EXIT.usage);
    expect((await test.fleetctl.run(["api", "GET", "devices", "-H", "authorization=x"])).code).toBe(EXIT.usage);
  });
});
