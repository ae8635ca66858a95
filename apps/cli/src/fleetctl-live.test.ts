import { spawn as spawnInTerminal } from "@lydell/node-pty";
import {
  createTestDatabase,
  eventually,
  startTestBroker,
  type TestBroker,
  type TestDatabase,
} from "@mn316-fleet/testkit";
import { Agent } from "@mn316-fleet/agent-core";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import type { Job } from "@mn316-fleet/contracts";
import { readFileSync } from "node:fs";
import path from "node:path";
import pino from "pino";
import { FleetServer } from "../../server/src/test-support/fleet-server";
import { EXIT } from "./exit-codes";
import { Fleetctl, PROGRAM } from "./test-support/fleetctl";

const LONG = 60_000;

describe("fleetctl and live devices", () => {
  let database: TestDatabase;
  let broker: TestBroker;
  let server: FleetServer;
  let fleetctl: Fleetctl;
  let module: VirtualMn316;
  let agent: Agent;
  let deviceId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    broker = await startTestBroker();
    server = await FleetServer.start(database.url);
    fleetctl = new Fleetctl({ FLEET_URL: server.url, FLEET_KEY: server.adminKey });
    const device = await server.createDevice({ name: "pump 7", tags: ["north"] });
    deviceId = device.id;
    await server.ok("PUT", `devices/${deviceId}/config`, {
      mqtt: { host: "127.0.0.1", port: broker.port, clientId: "pump-{device}" },
      at: { deny: ["AT+CFUN"] },
    });
    module = new VirtualMn316({ broker: broker.url, timeScale: 20 });
    agent = new Agent({
      server: server.url,
      token: device.token,
      dataDir: path.join(fleetctl.folder, "agent"),
      openStream: () => Promise.resolve(module.stream),
      logger: pino({ level: "silent" }),
    });
    await agent.start();
    await isConnected();
  }, LONG);
  afterAll(async () => {
    await agent.stop();
    module.destroy();
    fleetctl.remove();
    await server.stop();
    await broker.stop();
    await database.drop();
  }, LONG);

  const isConnected = () =>
    eventually(
      async () => {
        const { link, module: session } = await server.ok("GET", `devices/${deviceId}`);
        expect([link.online, session.state]).toEqual([true, "connected"]);
      },
      { timeoutMs: 30_000 },
    );
  /** A whole server in the place of the one that is stopped. */
  const startAgain = async () => {
    const { port } = new URL(server.url);
    server = await FleetServer.start(database.url, { port: Number(port), adminKey: server.adminKey });
  };

  describe("jobs", () => {
    it(
      "runs commands, watches to the end, and ends with 0 when all succeeded",
      async () => {
        const done = await fleetctl.run([
          "jobs",
          "at",
          "AT+CSQ",
          "AT+MQTTSTAT?",
          "-d",
          "pump 7",
          "--expect",
          "+CSQ",
          "--wait",
        ]);
        expect([done.code, done.stdout]).toEqual([EXIT.ok, "completed: 1 executions, 1 succeeded\n"]);
        const id = /^job (\S+)$/m.exec(done.stderr)?.[1] ?? "";
        const [execution] = await fleetctl.json<{ steps: { output: string[] }[] }[]>("jobs", "executions", id);
        expect(execution?.steps[1]?.output).toEqual(["+MQTTSTAT:5"]);
        expect((await fleetctl.run(["jobs", "executions", id])).stdout).toMatch(
          /SUCCEEDED +1 +– +\+CSQ:\S+ ; \+MQTTSTAT:5/,
        );
        expect((await fleetctl.run(["jobs", "show", id])).stdout).toMatch(
          /^progress: +\[#{30}\] 1 of 1, 1 succeeded$/m,
        );
        expect((await fleetctl.run(["jobs", "list", "--limit", "1"])).stdout).toMatch(/ at +COMPLETED +1\/1 +0 /);
      },
      LONG,
    );

    it(
      "tells what failed, grouped, and ends with 3",
      async () => {
        const failed = await fleetctl.run(["jobs", "at", "AT+CSQ", "--expect", "no such text", "-t", "north", "-w"]);
        expect(failed.code).toBe(EXIT.jobFailed);
        expect(failed.stdout).toMatch(/^completed: 1 executions, 1 failed\n {2}1 × FAILED: .*no such text.*, such as /);
      },
      LONG,
    );

    it(
      "ends with 4 when the job ended itself",
      async () => {
        // The others are away: there is something to save from the job.
        const others = [];
        for (const name of ["away 1", "away 2"]) others.push(await server.createDevice({ name, tags: ["north"] }));
        const args = ["jobs", "at", "AT+CSQ", "--expect", "no such text", "-t", "north", "--abort-percent", "1", "-w"];
        const aborted = await fleetctl.run(args);
        expect([aborted.code, aborted.stdout]).toEqual([EXIT.jobAborted, expect.stringMatching(/^aborted \(/)]);
        for (const { id } of others) await server.ok("DELETE", `devices/${id}`);
      },
      LONG,
    );

    it(
      "makes one job of a key, pauses, resumes and cancels it, and a watch of it ends with 5",
      async () => {
        const { id: away } = await server.createDevice({ name: "away" });
        const make = () => fleetctl.json("jobs", "reconnect", "away", "--idempotency-key", "once", "--per-minute", "5");
        const [{ id }, again] = [(await make()) as { id: string }, await make()];
        expect(again.id).toBe(id);
        expect(again.rollout).toMatchObject({ perMinute: 5 });
        const watching = fleetctl.start(["jobs", "watch", id, "--json"], { stdin: "" });
        await eventually(() => expect(watching.said.stdout).not.toBe(""));
        expect((await fleetctl.json("jobs", "pause", id)).isPaused).toBe(true);
        expect((await fleetctl.run(["jobs", "resume", id])).stdout).toMatch(/^status: +ROLLING_OUT$/m);
        const short = await fleetctl.run(["jobs", "watch", id, "--wait-timeout", "1"]);
        expect([short.code, short.stderr]).toEqual([
          EXIT.notOver,
          expect.stringContaining(`fleetctl jobs watch ${id}`),
        ]);
        expect((await fleetctl.json("jobs", "cancel", id)).status).toBe("CANCELED");
        const { code, stdout } = await watching.ended;
        expect(code).toBe(EXIT.jobCanceled);
        const seen = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Job);
        expect(seen.at(-1)).toMatchObject({ id, status: "CANCELED", counts: { canceled: 1 } });
        expect((await fleetctl.run(["jobs", "cancel", id])).code).toBe(EXIT.failed);
        await server.ok("DELETE", `devices/${away}`);
      },
      LONG,
    );

    it(
      "makes a job of a document, and rehearses it before",
      async () => {
        const job = JSON.stringify({
          kind: "at",
          targets: { deviceIds: [deviceId] },
          steps: [{ command: "AT+NOSUCH" }],
        });
        const rehearsed = await fleetctl.run(["jobs", "create", "-f", "-", "--rehearse"], { stdin: job });
        expect(rehearsed.stdout).toMatch(/^1 devices, 1 tried, 1 of them would not succeed\n {2}1 × FAILED /);
        const made = await fleetctl.run(["jobs", "create", "-f", "-"], { stdin: job });
        expect(made.stdout).toMatch(/^[\da-f-]{36}\n$/);
        expect((await fleetctl.run(["jobs", "watch", made.stdout.trim()])).code).toBe(EXIT.jobFailed);
        const wrong = await fleetctl.run(["jobs", "create", "-f", "-"], { stdin: '{"kind": "at", "targets": {}}' });
        expect([wrong.code, wrong.stderr]).toEqual([EXIT.usage, expect.stringMatching(/\n {2}steps: .*/)]);
      },
      LONG,
    );

    it(
      "goes on watching while the server is started anew, and leaves the job alone at Ctrl-C",
      async () => {
        const { id: away } = await server.createDevice({ name: "away" });
        const { id } = await fleetctl.json<{ id: string }>("jobs", "probe", "away");
        const [watching, left] = ["a", "b"].map(() => fleetctl.start(["jobs", "watch", id, "--json"], { stdin: "" }));
        await eventually(() => {
          for (const each of [watching, left]) expect(each!.said.stdout).not.toBe("");
        });
        left!.child.kill("SIGINT");
        expect((await left!.ended).code).toBe(EXIT.interrupted);
        await server.stop();
        await startAgain();
        await server.ok("POST", `jobs/${id}/cancel`);
        expect((await watching!.ended).code).toBe(EXIT.jobCanceled);
        await server.ok("DELETE", `devices/${away}`);
        await isConnected();
      },
      LONG,
    );
  });

  it(
    "shows the history of a device",
    async () => {
      const events = await fleetctl.json<{ kind: string }[]>("events", "pump 7", "--all", "--kind", "state");
      expect(events.length).toBeGreaterThan(0);
      expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["state"]));
      expect((await fleetctl.run(["events", "pump 7", "-n", "1000"])).stdout).toMatch(/ state +.*to=connected/);
      expect((await fleetctl.run(["events", "pump 7", "--to", "2020-01-01T00:00:00Z"])).stdout).toBe(
        "AT  KIND  WHAT\n",
      );
      expect((await fleetctl.run(["intervals", "pump 7"])).stdout).toMatch(/ +connected +–$/m);
      expect((await fleetctl.json<object[]>("link-sessions", "pump 7"))[0]).toHaveProperty(
        "node",
        server.settings.nodeId,
      );
      const exported = await fleetctl.run(["export", "events", "-d", "pump 7", "-q", "kind=state"]);
      expect(exported.stdout.trim().split("\n")).toHaveLength(events.length);
    },
    LONG,
  );

  it(
    "follows the fleet over a restart of the server, and goes on in another run where this one was",
    async () => {
      const place = path.join(fleetctl.folder, "place");
      const args = ["events", "--follow", "--kinds", "device,removed", "--resume", place];
      const following = fleetctl.start([...args, "--json"], { stdin: "" });
      const text = fleetctl.start(["events", "--follow", "--kinds", "device,removed"], { stdin: "" });
      // Each stream is open when it tells of a device that was made meanwhile.
      const made: string[] = [];
      await eventually(
        async () => {
          made.push((await server.createDevice({ name: "before" })).id);
          for (const { said } of [following, text]) expect(made.some((id) => said.stdout.includes(id))).toBe(true);
        },
        { timeoutMs: 20_000, everyMs: 300 },
      );
      await server.ok("DELETE", `devices/${made[0]}`);
      await eventually(() => expect(text.said.stdout).toContain(`removed    ${made[0]}  is deleted`));
      await server.stop();
      await startAgain();
      for (const id of made.slice(1)) await server.ok("DELETE", `devices/${id}`);
      const { id: meanwhile } = await server.createDevice({ name: "meanwhile" });
      await eventually(() => expect(following.said.stdout).toContain(meanwhile), { timeoutMs: 20_000 });
      text.child.kill("SIGINT");
      following.child.kill("SIGINT");
      expect((await text.ended).stderr).toContain("the server is away …");
      const { code, stdout } = await following.ended;
      expect(code).toBe(EXIT.interrupted);
      for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("kind");

      expect(readFileSync(place, "utf8")).toMatch(/^\S+\n$/);
      const { id: between } = await server.createDevice({ name: "between" });
      const again = fleetctl.start([...args, "--json"], { stdin: "" });
      await eventually(() => expect(again.said.stdout).toContain(between));
      expect(again.said.stdout).not.toContain(meanwhile);
      again.child.kill("SIGINT");
      expect((await again.ended).code).toBe(EXIT.interrupted);
      const refused = await fleetctl.run(args, { env: { FLEET_KEY: "mfk_wrong" } });
      expect(refused.code).toBe(EXIT.notAllowed);
      await isConnected();
    },
    LONG,
  );

  describe("the console", () => {
    it(
      "runs what is piped in, one after the other, and closes",
      async () => {
        const done = await fleetctl.run(["console", "pump 7"], { stdin: "AT+CSQ\nAT+CFUN=0\n\nAT+MQTTSTAT?\n" });
        expect(done.stderr).toBe("closed\n");
        expect(done.code).toBe(EXIT.ok);
        expect(done.stdout).toMatch(
          /^AT\+CSQ\n\s*\+CSQ:\S+\s+OK\nrefused: .*AT\+CFUN\s+AT\+MQTTSTAT\?\n\s*\+MQTTSTAT:5\s+OK\n$/m,
        );
        const json = await fleetctl.run(["console", "pump 7", "--json"], { stdin: "AT+CSQ\n" });
        const said = json.stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as { from: string; text: string });
        expect(said).toContainEqual({ from: "sent", text: "AT+CSQ" });
        expect(said.at(-1)).toEqual({ from: "received", text: expect.stringMatching(/\+CSQ:\S+\s+OK/) });
      },
      LONG,
    );

    it(
      "is refused for a device that is away, and with a wrong key",
      async () => {
        const { id } = await server.createDevice({ name: "away" });
        const away = await fleetctl.run(["console", "away"]);
        expect([away.code, away.stderr]).toEqual([
          EXIT.failed,
          expect.stringMatching(/^fleetctl: the console is closed: .*not connected/),
        ]);
        expect((await fleetctl.run(["console", id], { env: { FLEET_KEY: "mfk_wrong" } })).code).toBe(EXIT.failed);
        expect((await fleetctl.run(["console", id], { env: { FLEET_URL: "http://127.0.0.1:9" } })).code).toBe(
          EXIT.unreachable,
        );
        await server.ok("DELETE", `devices/${id}`);
      },
      LONG,
    );

    const inTerminal = (args: string[]) => {
      const terminal = spawnInTerminal(process.execPath, [PROGRAM, ...args], {
        cols: 120,
        cwd: fleetctl.folder,
        env: fleetctl.environment({ TERM: "xterm" }),
      });
      const run = {
        terminal,
        text: "",
        ended: new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode))),
      };
      terminal.onData((data) => (run.text += data));
      return run;
    };

    it(
      "talks with a person at a terminal, and Ctrl-C lets go of the line",
      async () => {
        const run = inTerminal(["console", "pump 7"]);
        await eventually(() => expect(run.text).toContain("> "));
        run.terminal.write("AT+MQTTSTAT?\r");
        await eventually(() => expect(run.text).toContain("+MQTTSTAT:5"));
        run.terminal.write("\u0003");
        expect(await run.ended).toBe(EXIT.ok);
        // Nobody waits for the line: a job has it at once.
        expect((await fleetctl.run(["jobs", "probe", "pump 7", "--wait"])).code).toBe(EXIT.ok);
      },
      LONG,
    );

    it(
      "draws a bar for a person, and clears it",
      async () => {
        const run = inTerminal(["jobs", "at", "AT+CSQ", "-t", "north", "--wait"]);
        expect(await run.ended).toBe(EXIT.ok);
        expect(run.text).toMatch(/\[[#-]{30}\] \d of \d/);
        expect(run.text.split("\u001b[K").at(-1)).toMatch(/^completed: /);
      },
      LONG,
    );
  });
});
