import { jest } from "@jest/globals";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import path from "node:path";
import { FleetServer } from "../../server/src/test-support/fleet-server";
import { TestAgent } from "../../server/src/test-support/test-agent";
import { EXIT } from "./exit-codes";
import { Fleetctl, PROGRAM } from "./test-support/fleetctl";

const LONG_MS = 60_000;
const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "{device}" } };
interface Created {
  id: string;
  token: string;
}

/** Each test starts the program many times, which takes a busy machine long. */
jest.setTimeout(120_000);

describe("fleetctl", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let fleetctl: Fleetctl;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    fleetctl = new Fleetctl({ FLEET_URL: server.url, FLEET_KEY: server.adminKey });
  }, 60_000);
  afterAll(async () => {
    fleetctl.remove();
    await server.stop();
    await database.drop();
  });

  const file = (name: string, content: string | object) => {
    const place = path.join(fleetctl.folder, name);
    writeFileSync(place, typeof content === "string" ? content : JSON.stringify(content));
    return place;
  };
  const create = (name: string, ...args: string[]) => fleetctl.json<Created>("devices", "create", name, ...args);

  describe("devices", () => {
    it("creates, lists, shows, tags and deletes them", async () => {
      const { id, token } = await create("pump 7", "--imei", "866207050000017", "--tag", "north", "pump");
      expect(token).toMatch(/^mfd_/);
      await create("泵站 8", "--tag", "south");

      const table = await fleetctl.run(["devices", "list"]);
      const [head = "", first = "", second = ""] = table.stdout.split("\n");
      expect(head).toMatch(/^ID +NAME +IMEI +LINK +MODULE +DBM +CONFIG +TAGS$/);
      // Columns stand below each other, also behind characters that take two places.
      const wide = [first, second].find((line) => line.includes("泵站"));
      expect(wide!.indexOf("–")).toBe(head.indexOf("IMEI") - 2);
      expect(table.stdout).not.toContain("\u001b");
      expect(table.stderr).toBe("");

      const north = await fleetctl.json<{ id: string }[]>("devices", "list", "--tag", "north");
      expect(north.map((device) => device.id)).toEqual([id]);
      expect(await fleetctl.json("devices", "list", "--state", "connected")).toEqual([]);
      expect(await fleetctl.json<object[]>("devices", "list", "--limit", "1")).toHaveLength(1);
      for (const name of [id, "pump 7", "866207050000017"])
        expect((await fleetctl.run(["devices", "show", name])).stdout).toMatch(/^module: +unknown since/m);

      expect((await fleetctl.json("devices", "tag", "pump 7", "+east", "~north")).tags).toEqual(["pump", "east"]);
      expect((await fleetctl.json("devices", "tag", "pump 7", "west")).tags).toEqual(["west"]);
      const rotated = await fleetctl.json("devices", "rotate-token", id, "--overlap", "0");
      expect(rotated.token).not.toBe(token);
      expect((await fleetctl.run(["devices", "delete", "pump 7", "no such"])).code).toBe(EXIT.failed);
      expect((await fleetctl.run(["devices", "show", "pump 7"])).code).toBe(EXIT.ok);
      expect(await fleetctl.json("devices", "delete", "pump 7", "泵站 8")).toMatchObject({
        deleted: [id, expect.anything()],
      });
      expect(await fleetctl.json("devices", "list")).toEqual([]);
    });

    it("says which of several of one name is meant, and that there is none", async () => {
      const [{ id: one }, { id: other }] = [await create("twin"), await create("twin")];
      const several = await fleetctl.run(["devices", "show", "twin"]);
      expect([several.code, several.stdout]).toEqual([EXIT.failed, ""]);
      expect(several.stderr).toMatch(/^fleetctl: 2 devices are called "twin": /);
      expect((await fleetctl.run(["devices", "show", "twi"])).stderr).toBe('fleetctl: there is no device "twi"\n');
      await fleetctl.json("devices", "delete", one, other);
    });

    it("imports many of them from CSV, all or none, and keeps their tokens for the owner", async () => {
      const good = file("good.csv", '\ufeffname,imei,tags\n"one, two",866207050000001,north;pump\nthree,,\n');
      const tokens = path.join(fleetctl.folder, "tokens.csv");
      expect(await fleetctl.json("devices", "import", good, "-o", tokens, "--dry-run")).toEqual({ devices: 2 });
      expect(existsSync(tokens)).toBe(false);
      const importOnce = ["devices", "import", good, "--idempotency-key", "once", "-o"] as const;
      expect(await fleetctl.json(...importOnce, tokens)).toEqual({ created: 2 });
      const lines = readFileSync(tokens, "utf8").trim().split("\n");
      expect(lines[0]).toBe("line,id,name,imei,token");
      expect(lines[1]).toMatch(/^2,[\da-f-]{36},"one, two",866207050000001,mfd_/);
      expect(lines).toHaveLength(3);
      expect(statSync(tokens).mode & 0o777).toBe(0o600);
      const [device] = await fleetctl.json<{ tags: string[] }[]>("devices", "list", "-q", "one, two");
      expect(device?.tags).toEqual(["north", "pump"]);

      // The tokens are nowhere else: a second run does not write over them, and does not reach the server.
      expect((await fleetctl.run(["devices", "import", good, "-o", tokens])).code).toBe(EXIT.failed);
      expect(readFileSync(tokens, "utf8").trim().split("\n")).toEqual(lines);
      const other = path.join(fleetctl.folder, "other.csv");
      const repeat = await fleetctl.run([...importOnce, other]);
      expect([repeat.code, repeat.stderr]).toEqual([EXIT.failed, expect.stringContaining("(409)")]);

      const bad = file("bad.csv", "name,imei\nfine,\n,12\ntaken,866207050000001\n");
      const refused = await fleetctl.run(["devices", "import", bad, "-o", other]);
      expect(refused.code).toBe(EXIT.usage);
      expect(refused.stderr).toMatch(
        /\(422\): .*no device was made.*\n +lines\.3\.name: .*\n +lines\.3\.imei: must be/,
      );
      const taken = await fleetctl.run(["devices", "import", "-", "-o", other], {
        stdin: "name,imei\na,866207050000001",
      });
      expect([taken.code, taken.stderr]).toEqual([EXIT.usage, expect.stringContaining("lines.2.imei: another device")]);
      expect(existsSync(other)).toBe(false);
      const all = await fleetctl.json<Created[]>("devices", "list");
      expect(all).toHaveLength(2);
      for (const { id } of all) await fleetctl.json("devices", "delete", id);
    });
  });

  it("reads, writes, explains, compares and reverts configurations", async () => {
    const { id } = await create("pump");
    const document = file("config.yaml", "mqtt:\n  host: broker.example\n  port: 1883\n  clientId: pump-{device}\n");
    expect((await fleetctl.json("config", "set", "pump", "-f", document)).version).toBe(1);
    const text = await fleetctl.run(["config", "patch", "pump", "mqtt.keepAliveS=120", "mqtt.port=1884"]);
    expect(text.stdout).toMatch(/^version: +2\nstatus: +pending\n$/);
    const state = await fleetctl.json<{ desired: { mqtt: object } }>("config", "get", "pump");
    expect(state.desired.mqtt).toMatchObject({ keepAliveS: 120, port: 1884 });
    expect((await fleetctl.run(["config", "get", "pump"])).stdout).toContain("  keepAliveS: 120\n");
    expect((await fleetctl.run(["config", "explain", "pump"])).stdout).toMatch(/^mqtt\.keepAliveS +120 +device$/m);
    const history = await fleetctl.json<{ version: number }[]>("config", "history", "pump");
    expect(history.map(({ version }) => version)).toEqual([2, 1]);
    expect((await fleetctl.run(["config", "diff", "pump", "1", "2"])).stdout).toBe(
      "- mqtt.keepAliveS: 60\n+ mqtt.keepAliveS: 120\n- mqtt.port: 1883\n+ mqtt.port: 1884\n",
    );
    expect((await fleetctl.run(["config", "diff", "pump"])).stdout).toBe("no difference\n");
    expect((await fleetctl.json("config", "revert", "pump", "1", "--if-version", "2")).version).toBe(3);
    const late = await fleetctl.run(["config", "revert", "pump", "1", "--if-version", "2"]);
    expect([late.code, late.stderr]).toEqual([EXIT.failed, expect.stringContaining("(412)")]);
    expect((await fleetctl.json("config", "clear", "pump")).own).toBeNull();
    await fleetctl.json("devices", "delete", id);
  });

  it("lists alerts, shows one and takes it on", async () => {
    const { id, token } = await create("pump");
    const rule = { name: "away", kind: "device-offline", params: { forS: 0 }, selector: { all: true } };
    const { id: ruleId } = await server.ok("POST", "alert-rules", { ...rule, severity: "critical" });
    await (await TestAgent.connect(server.url, token)).vanish();
    await eventually(
      async () => {
        expect((await server.ok("GET", "alerts?state=firing")).items).toHaveLength(1);
      },
      { timeoutMs: LONG_MS },
    );

    expect((await fleetctl.run(["alerts"])).code).toBe(EXIT.usage);
    const table = await fleetctl.run(["alerts", "list"]);
    expect(table.stdout).toMatch(
      /^ID +SEVERITY +STATE +SINCE +DEVICES +RULE +WHAT\n.* critical +firing .* 1 +away +pump/,
    );
    expect(await fleetctl.json("alerts", "list", "--severity", "info")).toEqual([]);
    const [alert] = await fleetctl.json<Created[]>("alerts", "list", "--device", "pump", "--state", "firing");
    const alertId = alert?.id ?? "";
    const acknowledged = await fleetctl.json("alerts", "ack", alertId, "--note", "on my way");
    expect(acknowledged).toMatchObject([{ id: alertId, state: "acknowledged", note: "on my way" }]);
    expect((await fleetctl.run(["alerts", "show", alertId])).stdout).toMatch(
      /^state: +acknowledged\nwhat: +pump is .*\n(.*\n)*note: +on my way$/m,
    );
    const unknown = await fleetctl.run(["alerts", "ack", ruleId]);
    expect([unknown.code, unknown.stderr]).toEqual([EXIT.failed, expect.stringContaining("(404)")]);

    await server.ok("DELETE", `alert-rules/${ruleId}`);
    expect((await fleetctl.run(["alerts", "list"])).stdout).not.toContain("away");
    expect(await fleetctl.json("alerts", "list", "--state", "all")).toMatchObject([{ id: alertId, state: "resolved" }]);
    await fleetctl.json("devices", "delete", id);
  });

  it("prints every field that is wrong, and ends with the code of wrong usage", async () => {
    const { id } = await create("pump");
    const wrong = await fleetctl.run(["config", "patch", id, "mqtt.port=0", "mqtt.host=tcp://x", "mqtt.nonsense=1"]);
    expect([wrong.code, wrong.stdout]).toEqual([EXIT.usage, ""]);
    expect(wrong.stderr).toMatch(/^fleetctl: .*\(422\)/);
    for (const field of ["mqtt.port", "mqtt.host", "mqtt.nonsense"]) expect(wrong.stderr).toContain(`\n  ${field}`);
    const asJson = await fleetctl.run(["config", "patch", id, "mqtt.port=0", "--json"]);
    expect(asJson.stdout).toBe("");
    expect(JSON.parse(asJson.stderr)).toMatchObject({ status: 422, errors: expect.any(Array) });
    await fleetctl.json("devices", "delete", id);
  });

  it("applies, tries, shows and deletes profiles", async () => {
    const { id } = await create("pump", "--tag", "north");
    const document = { name: "site north", selector: { tags: ["north"] }, priority: 5, template: CONFIG };
    const profile = file("profile.json", document);
    const tried = await fleetctl.run(["profiles", "apply", "-f", profile, "--dry-run"]);
    expect(tried.stdout).toBe(
      "would be created: site north\n1 devices: 1 would be configured anew, 0 keep what they have\n",
    );
    expect(await fleetctl.json("profiles", "list")).toEqual([]);
    expect((await fleetctl.run(["profiles", "apply", "-f", profile])).stdout).toMatch(/^created: site north/);
    const replaced = await fleetctl.run(["profiles", "apply", "-f", "-"], {
      stdin: JSON.stringify({ ...document, priority: 9 }),
    });
    expect(replaced.stdout).toMatch(/^replaced: site north \(.*, version 2\)/);
    expect((await fleetctl.json("profiles", "show", "site north")).priority).toBe(9);
    expect((await fleetctl.run(["profiles", "list"])).stdout).toMatch(/site north +9 /);
    const broken = await fleetctl.run(["profiles", "apply", "-f", file("broken.yaml", "name: [")]);
    expect([broken.code, broken.stderr]).toEqual([EXIT.usage, expect.stringContaining("broken.yaml: ")]);
    expect((await fleetctl.run(["profiles", "delete", "site north", "--dry-run"])).stdout).toMatch(
      /^1 devices: 1 would be/,
    );
    expect((await fleetctl.json("profiles", "delete", "site north")).effect).toMatchObject({ devices: 1 });
    await fleetctl.json("devices", "delete", id);
  });

  it("makes keys, lists them without their secrets, and deletes them", async () => {
    const key = await fleetctl.json<{ id: string; key: string }>(
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
    expect((await fleetctl.run(["devices", "list"], viewer)).code).toBe(EXIT.ok);
    expect((await fleetctl.run(["devices", "create", "x"], viewer)).code).toBe(EXIT.notAllowed);
    const list = await fleetctl.run(["api-keys", "list"]);
    expect(list.stdout).toContain(key.id);
    expect(list.stdout).not.toContain(key.key);
    await fleetctl.json("api-keys", "delete", key.id);
    expect((await fleetctl.run(["devices", "list"], viewer)).code).toBe(EXIT.notAllowed);

    const made = await fleetctl.json<{ id: string }>(
      "enrollment-keys",
      "create",
      "site",
      "--max-uses",
      "3",
      "--imei",
      "8662*",
    );
    expect((await fleetctl.run(["enrollment-keys", "list"])).stdout).toMatch(/site +0\/3 +8662\* /);
    await fleetctl.json("enrollment-keys", "delete", made.id);
    expect(await fleetctl.json("enrollment-keys", "list")).toEqual([]);
  });

  it("asks the questions that the server's document lists", async () => {
    const { id } = await create("pump", "--tag", "north");
    const questions = await fleetctl.json<{ name: string }[]>("analytics");
    expect(questions.map(({ name }) => name)).toEqual(expect.arrayContaining(["availability", "timeouts"]));
    const answer = await fleetctl.json(
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
    expect((await fleetctl.run(["analytics", "timeouts", "--tag", "north", "-q", "bucket=day"])).stdout).toMatch(
      /^bucket: +day$/m,
    );
    const unknown = await fleetctl.run(["analytics", "weather"]);
    expect([unknown.code, unknown.stderr]).toEqual([EXIT.usage, expect.stringContaining('does not answer "weather"')]);
    expect((await fleetctl.run(["analytics", "timeouts", "-q", "colour=red"])).stderr).toContain("colour");
    await fleetctl.json("devices", "delete", id);
  });

  it("exports whole lists to a file that is there only once it is whole", async () => {
    const { id } = await create("d0");
    for (let index = 0; index < 3; index++) await fleetctl.json("jobs", "probe", "d0");
    const target = path.join(fleetctl.folder, "jobs.ndjson");
    // A list that the server only pages.
    expect((await fleetctl.run(["export", "jobs", "-o", target, "-q", "limit=2"])).code).toBe(EXIT.ok);
    const before = readFileSync(target, "utf8");
    const jobs = before.trim().split("\n");
    expect(jobs.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["probe", "probe", "probe"]);
    expect((await fleetctl.run(["export", "jobs", "--format", "csv"])).code).toBe(EXIT.usage);
    expect((await fleetctl.run(["export", "jobs", "-o", target, "-q", "limit=0"])).code).toBe(EXIT.usage);
    expect(readFileSync(target, "utf8")).toBe(before);
    const homeless = await fleetctl.run(["export", "executions"]);
    expect([homeless.code, homeless.stderr]).toEqual([EXIT.usage, expect.stringContaining("name it with --device")]);
    // What the server itself exports, in its formats.
    expect(
      (await fleetctl.run(["export", "devices"])).stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ deviceId: id }]);
    expect((await fleetctl.run(["export", "devices", "--format", "csv"])).stdout.trim().split("\n")).toHaveLength(2);
    expect((await fleetctl.run(["export", "devices", "--format", "xls"])).code).toBe(EXIT.usage);
    await fleetctl.json("devices", "delete", id);
  });

  it("calls any operation by its address", async () => {
    const made = await fleetctl.run(["api", "post", "/devices", "-f", "-"], { stdin: "name: by hand" });
    const { id } = JSON.parse(made.stdout) as Created;
    expect(await fleetctl.json("api", "GET", "/api/v1/devices", "-q", "q=by hand")).toMatchObject({ items: [{ id }] });
    const put = ["api", "PUT", `devices/${id}/config`, "-f", file("c.json", CONFIG)];
    expect((await fleetctl.run([...put, "-H", 'If-Match="7"'])).stderr).toContain("(412)");
    expect((await fleetctl.run(put)).code).toBe(EXIT.ok);
    expect(await fleetctl.run(["api", "DELETE", `devices/${id}`])).toMatchObject({ code: EXIT.ok, stdout: "" });
    expect((await fleetctl.run(["api", "GET", `devices/${id}`])).code).toBe(EXIT.failed);
    expect((await fleetctl.run(["api", "GET", "https://elsewhere.example/x"])).code).toBe(EXIT.usage);
    expect((await fleetctl.run(["api", "GET", "devices", "-H", "authorization=x"])).code).toBe(EXIT.usage);
  });

  describe("several servers", () => {
    const none = { FLEET_URL: "", FLEET_KEY: "" };
    it("keeps their keys for the owner alone, and never prints them", async () => {
      const login = (name: string, key: string) =>
        fleetctl.run(["login", name, "--url", `${server.url}/`], { stdin: `${key}\n`, env: none });
      expect((await login("wrong", "mfk_wrong")).code).toBe(EXIT.notAllowed);
      expect((await fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.usage);
      const outcomes = [await login("home", server.adminKey), await login("other", server.adminKey)];
      for (const { code } of outcomes) expect(code).toBe(EXIT.ok);
      const kept = path.join(fleetctl.folder, "config/fleetctl/config.json");
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      expect(readFileSync(kept, "utf8")).toContain(server.adminKey);
      expect((await fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.ok);
      outcomes.push(
        await fleetctl.run(["use", "home"], { env: none }),
        await fleetctl.run(["contexts"], { env: none }),
      );
      expect(outcomes.at(-1)?.stdout).toMatch(/^\* +home +http:.*\n +other +http:/m);
      outcomes.push(await fleetctl.run(["contexts", "--json"], { env: none }));
      outcomes.push(await fleetctl.run(["devices", "list", "--context", "nowhere"], { env: none }));
      expect(outcomes.at(-1)).toMatchObject({
        code: EXIT.usage,
        stderr: expect.stringContaining("known are home, other"),
      });
      outcomes.push(await fleetctl.run(["logout", "home"], { env: none }));
      expect((await fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.usage);
      expect((await fleetctl.run(["devices", "list", "--context", "other"], { env: none })).code).toBe(EXIT.ok);
      writeFileSync(kept, `{"contexts": {"x": "${server.adminKey}"`);
      outcomes.push(await fleetctl.run(["contexts"], { env: none }));
      expect(outcomes.at(-1)).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("is damaged") });
      for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(server.adminKey);
    });
  });

  it("goes through the proxy that the environment names", async () => {
    const through: string[] = [];
    const proxy = createServer().on("connect", ({ url = "" }, socket) => {
      through.push(url);
      const [host, port] = url.split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const env = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
      expect((await fleetctl.run(["devices", "list"], { env })).code).toBe(EXIT.ok);
      expect(through).toEqual([new URL(server.url).host]);
      expect((await fleetctl.run(["devices", "list"], { env: { ...env, NO_PROXY: "127.0.0.1" } })).code).toBe(EXIT.ok);
      expect(through).toHaveLength(1);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it("is not led elsewhere by a redirect", async () => {
    const methods: string[] = [];
    const elsewhere = createServer(({ method = "", url = "" }, response) => {
      methods.push(method);
      response.writeHead(301, { location: `${server.url}${url}` }).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    try {
      const env = { FLEET_URL: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}` };
      const led = await fleetctl.run(["devices", "create", "x"], { env });
      expect([led.code, led.stderr]).toEqual([EXIT.failed, expect.stringContaining("redirects to another (301)")]);
      expect(methods).toEqual(["POST"]);
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
  });

  it("stops where whoever reads has had enough", async () => {
    const { id } = await create("pump");
    const line = `"$0" "$1" devices list --json | true; echo "\${PIPESTATUS[0]}"`;
    const shell = spawn("bash", ["-c", line, process.execPath, PROGRAM], { env: fleetctl.environment() });
    let said = "";
    shell.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    shell.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(shell, "close");
    expect(said).toBe("0\n");
    await fleetctl.json("devices", "delete", id);
  });

  it("ends with a code of its own for each kind of failure, and says what is wrong", async () => {
    const away = await fleetctl.run(["devices", "list"], { env: { FLEET_URL: "http://127.0.0.1:9" } });
    expect(away.code).toBe(EXIT.unreachable);
    expect(away.stderr).toMatch(/^fleetctl: the server cannot be reached: /);
    for (const [args, told] of [
      [["devices", "lst"], "unknown command 'lst'"],
      [["devices", "list", "--colour"], "unknown option '--colour'"],
      [["devices", "list", "--limit", "0"], "at least 1"],
      [["devices", "show"], "missing required argument 'device'"],
      [["events"], "whose events?"],
      [["events", "x", "--from", "yesterday"], "It must be a time"],
      [["events", "--follow", "--limit", "3"], "not for --follow"],
      [["jobs", "reconnect"], "which devices?"],
      [["jobs", "reconnect", "x", "--all"], "not both"],
      [["jobs", "probe", "--all", "--canary-wait", "3"], "goes with --canary"],
      [["config", "patch", "x"], "give either assignments"],
      [["config", "patch", "x", "__proto__.a=1"], "is no path"],
      [["api-keys", "create", "x", "--role", "king"], "Allowed choices are viewer, operator, admin"],
      [["devices", "list", "--url", "ftp://x"], "is no address"],
    ] as const) {
      const outcome = await fleetctl.run([...args]);
      expect([args, outcome.code, outcome.stdout]).toEqual([args, EXIT.usage, ""]);
      expect(outcome.stderr).toContain(told);
    }
    expect((await fleetctl.run(["--help"])).code).toBe(EXIT.ok);
    expect((await fleetctl.run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 60_000);
});
