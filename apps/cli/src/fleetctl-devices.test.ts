import { eventually } from "@mn316-fleet/testkit";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { TestAgent } from "../../server/src/test-support/test-agent";
import { EXIT } from "./exit-codes";
import { type Created, FleetctlUnderTest } from "./test-support/fleetctl-under-test";

const LONG_MS = 60_000;

describe("fleetctl and devices, alerts and keys", () => {
  const test = new FleetctlUnderTest();

  describe("devices", () => {
    it("creates, lists, shows, tags and deletes them", async () => {
      const { id, token } = await test.create("pump 7", "--imei", "866207050000017", "--tag", "north", "pump");
      expect(token).toMatch(/^mfd_/);
      await test.create("泵站 8", "--tag", "south");

      const table = await test.fleetctl.run(["devices", "list"]);
      const [head = "", first = "", second = ""] = table.stdout.split("\n");
      expect(head).toMatch(/^ID +NAME +IMEI +LINK +MODULE +DBM +CONFIG +TAGS$/);
      // Columns stand below each other, also behind characters that take two places.
      const wide = [first, second].find((line) => line.includes("泵站"));
      expect(wide!.indexOf("–")).toBe(head.indexOf("IMEI") - 2);
      expect(table.stdout).not.toContain("\u001b");
      expect(table.stderr).toBe("");

      const north = await test.fleetctl.json<{ id: string }[]>("devices", "list", "--tag", "north");
      expect(north.map((device) => device.id)).toEqual([id]);
      expect(await test.fleetctl.json("devices", "list", "--state", "connected")).toEqual([]);
      expect(await test.fleetctl.json<object[]>("devices", "list", "--limit", "1")).toHaveLength(1);
      for (const name of [id, "pump 7", "866207050000017"])
        expect((await test.fleetctl.run(["devices", "show", name])).stdout).toMatch(/^module: +unknown since/m);

      expect((await test.fleetctl.json("devices", "tag", "pump 7", "+east", "~north")).tags).toEqual(["pump", "east"]);
      expect((await test.fleetctl.json("devices", "tag", "pump 7", "west")).tags).toEqual(["west"]);
      const rotated = await test.fleetctl.json("devices", "rotate-token", id, "--overlap", "0");
      expect(rotated.token).not.toBe(token);
      expect((await test.fleetctl.run(["devices", "delete", "pump 7", "no such"])).code).toBe(EXIT.failed);
      expect((await test.fleetctl.run(["devices", "show", "pump 7"])).code).toBe(EXIT.ok);
      expect(await test.fleetctl.json("devices", "delete", "pump 7", "泵站 8")).toMatchObject({
        deleted: [id, expect.anything()],
      });
      expect(await test.fleetctl.json("devices", "list")).toEqual([]);
    });

    it("says which of several of one name is meant, and that there is none", async () => {
      const [{ id: one }, { id: other }] = [await test.create("twin"), await test.create("twin")];
      const several = await test.fleetctl.run(["devices", "show", "twin"]);
      expect([several.code, several.stdout]).toEqual([EXIT.failed, ""]);
      expect(several.stderr).toMatch(/^fleetctl: 2 devices are called "twin": /);
      expect((await test.fleetctl.run(["devices", "show", "twi"])).stderr).toBe('fleetctl: there is no device "twi"\n');
      await test.fleetctl.json("devices", "delete", one, other);
    });

    it("imports many of them from CSV, all or none, and keeps their tokens for the owner", async () => {
      const good = test.file("good.csv", '\ufeffname,imei,tags\n"one, two",866207050000001,north;pump\nthree,,\n');
      const tokens = path.join(test.fleetctl.folder, "tokens.csv");
      expect(await test.fleetctl.json("devices", "import", good, "-o", tokens, "--dry-run")).toEqual({ devices: 2 });
      expect(existsSync(tokens)).toBe(false);
      const importOnce = ["devices", "import", good, "--idempotency-key", "once", "-o"] as const;
      expect(await test.fleetctl.json(...importOnce, tokens)).toEqual({ created: 2 });
      const lines = readFileSync(tokens, "utf8").trim().split("\n");
      expect(lines[0]).toBe("line,id,name,imei,token");
      expect(lines[1]).toMatch(/^2,[\da-f-]{36},"one, two",866207050000001,mfd_/);
      expect(lines).toHaveLength(3);
      expect(statSync(tokens).mode & 0o777).toBe(0o600);
      const [device] = await test.fleetctl.json<{ tags: string[] }[]>("devices", "list", "-q", "one, two");
      expect(device?.tags).toEqual(["north", "pump"]);

      // The tokens are nowhere else: a second run does not write over them, and does not reach the server.
      expect((await test.fleetctl.run(["devices", "import", good, "-o", tokens])).code).toBe(EXIT.failed);
      expect(readFileSync(tokens, "utf8").trim().split("\n")).toEqual(lines);
      const other = path.join(test.fleetctl.folder, "other.csv");
      const repeat = await test.fleetctl.run([...importOnce, other]);
      expect([repeat.code, repeat.stderr]).toEqual([EXIT.failed, expect.stringContaining("(409)")]);

      const bad = test.file("bad.csv", "name,imei\nfine,\n,12\ntaken,866207050000001\n");
      const refused = await test.fleetctl.run(["devices", "import", bad, "-o", other]);
      expect(refused.code).toBe(EXIT.usage);
      expect(refused.stderr).toMatch(
        /\(422\): .*no device was made.*\n +lines\.3\.name: .*\n +lines\.3\.imei: must be/,
      );
      const taken = await test.fleetctl.run(["devices", "import", "-", "-o", other], {
        stdin: "name,imei\na,866207050000001",
      });
      expect([taken.code, taken.stderr]).toEqual([EXIT.usage, expect.stringContaining("lines.2.imei: another device")]);
      expect(existsSync(other)).toBe(false);
      const all = await test.fleetctl.json<Created[]>("devices", "list");
      expect(all).toHaveLength(2);
      for (const { id } of all) await test.fleetctl.json("devices", "delete", id);
    });
  });

  it("lists alerts, shows one and takes it on", async () => {
    const { id, token } = await test.create("pump");
    const rule = { name: "away", kind: "device-offline", params: { forS: 0 }, selector: { all: true } };
    const { id: ruleId } = await test.server.ok("POST", "alert-rules", { ...rule, severity: "critical" });
    await (await TestAgent.connect(test.server.url, token)).vanish();
    await eventually(
      async () => {
        expect((await test.server.ok("GET", "alerts?state=firing")).items).toHaveLength(1);
      },
      { timeoutMs: LONG_MS },
    );

    expect((await test.fleetctl.run(["alerts"])).code).toBe(EXIT.usage);
    const table = await test.fleetctl.run(["alerts", "list"]);
    expect(table.stdout).toMatch(
      /^ID +SEVERITY +STATE +SINCE +DEVICES +RULE +WHAT\n.* critical +firing .* 1 +away +pump/,
    );
    expect(await test.fleetctl.json("alerts", "list", "--severity", "info")).toEqual([]);
    const [alert] = await test.fleetctl.json<Created[]>("alerts", "list", "--device", "pump", "--state", "firing");
    const alertId = alert?.id ?? "";
    const acknowledged = await test.fleetctl.json("alerts", "ack", alertId, "--note", "on my way");
    expect(acknowledged).toMatchObject([{ id: alertId, state: "acknowledged", note: "on my way" }]);
    expect((await test.fleetctl.run(["alerts", "show", alertId])).stdout).toMatch(
      /^state: +acknowledged\nwhat: +pump is .*\n(.*\n)*note: +on my way$/m,
    );
    const unknown = await test.fleetctl.run(["alerts", "ack", ruleId]);
    expect([unknown.code, unknown.stderr]).toEqual([EXIT.failed, expect.stringContaining("(404)")]);

    await test.server.ok("DELETE", `alert-rules/${ruleId}`);
    expect((await test.fleetctl.run(["alerts", "list"])).stdout).not.toContain("away");
    expect(await test.fleetctl.json("alerts", "list", "--state", "all")).toMatchObject([
      { id: alertId, state: "resolved" },
    ]);
    await test.fleetctl.json("devices", "delete", id);
  });

  it("makes keys, lists them without their secrets, and deletes them", async () => {
    const key = await test.fleetctl.json<{ id: string; key: string }>(
      "api-keys",
      "create",
      "ci",
      "-r",
      "viewer",
      "--expires",
      "90d",
    );
    expect(key.key).toMatch(/^mfk_/);
    const viewer = { env: { FLEET_KEY: key.key } };
    expect((await test.fleetctl.run(["devices", "list"], viewer)).code).toBe(EXIT.ok);
    expect((await test.fleetctl.run(["devices", "create", "x"], viewer)).code).toBe(EXIT.notAllowed);
    const list = await test.fleetctl.run(["api-keys", "list"]);
    expect(list.stdout).toContain(key.id);
    expect(list.stdout).not.toContain(key.key);
    await test.fleetctl.json("api-keys", "delete", key.id);
    expect((await test.fleetctl.run(["devices", "list"], viewer)).code).toBe(EXIT.notAllowed);

    const made = await test.fleetctl.json<{ id: string }>(
      "enrollment-keys",
      "create",
      "site",
      "--max-uses",
      "3",
      "--imei",
      "8662*",
    );
    expect((await test.fleetctl.run(["enrollment-keys", "list"])).stdout).toMatch(/site +0\/3 +8662\* /);
    await test.fleetctl.json("enrollment-keys", "delete", made.id);
    expect(await test.fleetctl.json("enrollment-keys", "list")).toEqual([]);
  });

  it("makes fleets with a key of their own, renames and deletes them", async () => {
    const fleet = await test.fleetctl.json<{ id: string; key: string }>("fleets", "create", "north");
    const admin = { env: { FLEET_KEY: fleet.key } };
    expect((await test.fleetctl.run(["devices", "create", "theirs"], admin)).code).toBe(EXIT.ok);
    expect((await test.fleetctl.run(["fleets", "list"], admin)).code).toBe(EXIT.notAllowed);
    expect((await test.fleetctl.run(["devices", "list"])).stdout).not.toContain("theirs");
    expect((await test.fleetctl.run(["fleets", "rename", fleet.id, "nord"])).stdout).toContain("is nord now");
    expect((await test.fleetctl.run(["fleets", "list"])).stdout).toMatch(/host +yes .*\n.* nord +no /);
    expect((await test.fleetctl.run(["fleets", "delete", fleet.id])).code).toBe(EXIT.failed);
    expect((await test.fleetctl.run(["devices", "delete", "theirs"], admin)).code).toBe(EXIT.ok);
    expect(await test.fleetctl.json("fleets", "delete", fleet.id)).toEqual({ deleted: [fleet.id] });
  });
});
