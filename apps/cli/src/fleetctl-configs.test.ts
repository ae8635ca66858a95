import { EXIT } from "./exit-codes";
import { FleetctlUnderTest } from "./test-support/fleetctl-under-test";

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "{device}" } };

describe("fleetctl and configurations", () => {
  const test = new FleetctlUnderTest();

  it("reads, writes, explains, compares and reverts configurations", async () => {
    const { id } = await test.create("pump");
    const document = test.file(
      "config.yaml",
      "mqtt:\n  host: broker.example\n  port: 1883\n  clientId: pump-{device}\n",
    );
    expect((await test.fleetctl.json("config", "set", "pump", "-f", document)).version).toBe(1);
    const text = await test.fleetctl.run(["config", "patch", "pump", "mqtt.keepAliveS=120", "mqtt.port=1884"]);
    expect(text.stdout).toMatch(/^version: +2\nstatus: +pending\n$/);
    const state = await test.fleetctl.json<{ desired: { mqtt: object } }>("config", "get", "pump");
    expect(state.desired.mqtt).toMatchObject({ keepAliveS: 120, port: 1884 });
    expect((await test.fleetctl.run(["config", "get", "pump"])).stdout).toContain("  keepAliveS: 120\n");
    expect((await test.fleetctl.run(["config", "explain", "pump"])).stdout).toMatch(/^mqtt\.keepAliveS +120 +device$/m);
    const history = await test.fleetctl.json<{ version: number }[]>("config", "history", "pump");
    expect(history.map(({ version }) => version)).toEqual([2, 1]);
    expect((await test.fleetctl.run(["config", "diff", "pump", "1", "2"])).stdout).toBe(
      "- mqtt.keepAliveS: 60\n+ mqtt.keepAliveS: 120\n- mqtt.port: 1883\n+ mqtt.port: 1884\n",
    );
    expect((await test.fleetctl.run(["config", "diff", "pump"])).stdout).toBe("no difference\n");
    expect((await test.fleetctl.json("config", "revert", "pump", "1", "--if-version", "2")).version).toBe(3);
    const late = await test.fleetctl.run(["config", "revert", "pump", "1", "--if-version", "2"]);
    expect([late.code, late.stderr]).toEqual([EXIT.failed, expect.stringContaining("(412)")]);
    expect((await test.fleetctl.json("config", "clear", "pump")).own).toBeNull();
    await test.fleetctl.json("devices", "delete", id);
  });

  it("prints every field that is wrong, and ends with the code of wrong usage", async () => {
    const { id } = await test.create("pump");
    const wrong = await test.fleetctl.run([
      "config",
      "patch",
      id,
      "mqtt.port=0",
      "mqtt.host=tcp://x",
      "mqtt.nonsense=1",
    ]);
    expect([wrong.code, wrong.stdout]).toEqual([EXIT.usage, ""]);
    expect(wrong.stderr).toMatch(/^fleetctl: .*\(422\)/);
    for (const field of ["mqtt.port", "mqtt.host", "mqtt.nonsense"]) expect(wrong.stderr).toContain(`\n  ${field}`);
    const asJson = await test.fleetctl.run(["config", "patch", id, "mqtt.port=0", "--json"]);
    expect(asJson.stdout).toBe("");
    expect(JSON.parse(asJson.stderr)).toMatchObject({ status: 422, errors: expect.any(Array) });
    await test.fleetctl.json("devices", "delete", id);
  });

  it("applies, tries, shows and deletes profiles", async () => {
    const { id } = await test.create("pump", "--tag", "north");
    const document = { name: "site north", selector: { tags: ["north"] }, priority: 5, template: CONFIG };
    const profile = test.file("profile.json", document);
    const tried = await test.fleetctl.run(["profiles", "apply", "-f", profile, "--dry-run"]);
    expect(tried.stdout).toBe(
      "would be created: site north\n1 devices: 1 would be configured anew, 0 keep what they have\n",
    );
    expect(await test.fleetctl.json("profiles", "list")).toEqual([]);
    expect((await test.fleetctl.run(["profiles", "apply", "-f", profile])).stdout).toMatch(/^created: site north/);
    const replaced = await test.fleetctl.run(["profiles", "apply", "-f", "-"], {
      stdin: JSON.stringify({ ...document, priority: 9 }),
    });
    expect(replaced.stdout).toMatch(/^replaced: site north \(.*, version 2\)/);
    expect((await test.fleetctl.json("profiles", "show", "site north")).priority).toBe(9);
    expect((await test.fleetctl.run(["profiles", "list"])).stdout).toMatch(/site north +9 /);
    const broken = await test.fleetctl.run(["profiles", "apply", "-f", test.file("broken.yaml", "name: [")]);
    expect([broken.code, broken.stderr]).toEqual([EXIT.usage, expect.stringContaining("broken.yaml: ")]);
    expect((await test.fleetctl.run(["profiles", "delete", "site north", "--dry-run"])).stdout).toMatch(
      /^1 devices: 1 would be/,
    );
    expect((await test.fleetctl.json("profiles", "delete", "site north")).effect).toMatchObject({ devices: 1 });
    await test.fleetctl.json("devices", "delete", id);
  });
});
