import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import path from "node:path";
import { EXIT } from "./exit-codes";
import { PROGRAM } from "./test-support/fleetctl";
import { FleetctlUnderTest } from "./test-support/fleetctl-under-test";

describe("fleetctl", () => {
  const test = new FleetctlUnderTest();

  describe("several servers", () => {
    const none = { FLEET_URL: "", FLEET_KEY: "" };
    it("keeps their keys for the owner alone, and never prints them", async () => {
      const login = (name: string, key: string) =>
        test.fleetctl.run(["login", name, "--url", `${test.server.url}/`], { stdin: `${key}\n`, env: none });
      expect((await login("wrong", "mfk_wrong")).code).toBe(EXIT.notAllowed);
      expect((await test.fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.usage);
      const outcomes = [await login("home", test.server.adminKey), await login("other", test.server.adminKey)];
      for (const { code } of outcomes) expect(code).toBe(EXIT.ok);
      const kept = path.join(test.fleetctl.folder, "config/fleetctl/config.json");
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      expect(readFileSync(kept, "utf8")).toContain(test.server.adminKey);
      expect((await test.fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.ok);
      outcomes.push(
        await test.fleetctl.run(["use", "home"], { env: none }),
        await test.fleetctl.run(["contexts"], { env: none }),
      );
      expect(outcomes.at(-1)?.stdout).toMatch(/^\* +home +http:.*\n +other +http:/m);
      outcomes.push(await test.fleetctl.run(["contexts", "--json"], { env: none }));
      outcomes.push(await test.fleetctl.run(["devices", "list", "--context", "nowhere"], { env: none }));
      expect(outcomes.at(-1)).toMatchObject({
        code: EXIT.usage,
        stderr: expect.stringContaining("known are home, other"),
      });
      outcomes.push(await test.fleetctl.run(["logout", "home"], { env: none }));
      expect((await test.fleetctl.run(["devices", "list"], { env: none })).code).toBe(EXIT.usage);
      expect((await test.fleetctl.run(["devices", "list", "--context", "other"], { env: none })).code).toBe(EXIT.ok);
      writeFileSync(kept, `{"contexts": {"x": "${test.server.adminKey}"`);
      outcomes.push(await test.fleetctl.run(["contexts"], { env: none }));
      expect(outcomes.at(-1)).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("is damaged") });
      for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(test.server.adminKey);
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
      expect((await test.fleetctl.run(["devices", "list"], { env })).code).toBe(EXIT.ok);
      expect(through).toEqual([new URL(test.server.url).host]);
      expect((await test.fleetctl.run(["devices", "list"], { env: { ...env, NO_PROXY: "127.0.0.1" } })).code).toBe(
        EXIT.ok,
      );
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
      response.writeHead(301, { location: `${test.server.url}${url}` }).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    try {
      const env = { FLEET_URL: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}` };
      const led = await test.fleetctl.run(["devices", "create", "x"], { env });
      expect([led.code, led.stderr]).toEqual([EXIT.failed, expect.stringContaining("redirects to another (301)")]);
      expect(methods).toEqual(["POST"]);
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
  });

  it("stops where whoever reads has had enough", async () => {
    const { id } = await test.create("pump");
    const line = `"$0" "$1" devices list --json | true; echo "\${PIPESTATUS[0]}"`;
    const shell = spawn("bash", ["-c", line, process.execPath, PROGRAM], { env: test.fleetctl.environment() });
    let said = "";
    shell.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    shell.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(shell, "close");
    expect(said).toBe("0\n");
    await test.fleetctl.json("devices", "delete", id);
  });

  it("ends with a code of its own for each kind of failure, and says what is wrong", async () => {
    const away = await test.fleetctl.run(["devices", "list"], { env: { FLEET_URL: "http://127.0.0.1:9" } });
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
      const outcome = await test.fleetctl.run([...args]);
      expect([args, outcome.code, outcome.stdout]).toEqual([args, EXIT.usage, ""]);
      expect(outcome.stderr).toContain(told);
    }
    expect((await test.fleetctl.run(["--help"])).code).toBe(EXIT.ok);
    expect((await test.fleetctl.run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 60_000);
});
