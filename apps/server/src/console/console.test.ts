import type { ConsoleReply } from "@mn316-fleet/contracts";
import type { Agent } from "@mn316-fleet/agent-core";
import { eventually } from "@mn316-fleet/testkit";
import type { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { once } from "node:events";
import { pino, type Logger } from "pino";
import { WebSocket } from "ws";
import { auditOf } from "../test-support/audit-log";
import { LiveFleet } from "../test-support/live-fleet";

describe("an operator and a device that is connected", () => {
  let fleet: LiveFleet;
  let module: VirtualMn316;
  let agent: Agent;
  let log: Logger;
  let deviceId: string;
  let token: string;
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    fleet = await LiveFleet.start({ trustedProxies: ["127.0.0.1"] });
    ({ id: deviceId, token } = await fleet.server.ok("POST", "devices", { name: "d" }));
    await fleet.server.ok("PUT", `devices/${deviceId}/config`, {
      mqtt: { host: "127.0.0.1", port: fleet.broker.port, clientId: "c", username: "u", password: "geheim-7" },
      at: { deny: ["AT+CFUN"] },
    });
    module = fleet.module();
    log = pino({ level: "silent" }, { write: () => undefined });
    agent = fleet.agent(module, "agent", { token, logger: log, at: { allow: [], deny: ["AT+CGSN"] } });
    await agent.start();
    await eventually(
      async () => {
        expect((await fleet.server.ok("GET", `devices/${deviceId}`)).module.state).toBe("connected");
      },
      { timeoutMs: 20_000 },
    );
  }, 60_000);
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });
  afterAll(() => fleet.stop(), 30_000);

  const terminal = async (open: object = {}, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`${fleet.server.url.replace("http", "ws")}/api/v1/console`, { headers });
    sockets.push(socket);
    const replies: ConsoleReply[] = [];
    socket.on("message", (data: Buffer) => replies.push(JSON.parse(data.toString()) as ConsoleReply));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const say = (message: object) => {
      socket.send(JSON.stringify(message));
    };
    say({ type: "open", deviceId, ...open });
    return {
      say,
      socket,
      replies,
      type: (command: string) => {
        say({ type: "input", command });
      },
      text: (from: string) =>
        replies.map((reply) => (reply.type === "output" && reply.from === from ? reply.text : "")).join(""),
      opened: () =>
        eventually(() => {
          expect(replies).toContainEqual({ type: "opened" });
        }),
      closed: (reason: RegExp) =>
        eventually(() => {
          expect(replies.at(-1)).toMatchObject({ type: "closed", reason: expect.stringMatching(reason) });
        }),
    };
  };
  const asAdmin = () => ({ authorization: `Bearer ${fleet.server.adminKey}` });
  const recorded = async (): Promise<{ what: string; text: string }[]> =>
    (await fleet.server.ok("GET", `devices/${deviceId}/events?kind=console&limit=500`)).items.reverse();

  it("talks to the module live, alone with it, and all of it is recorded", async () => {
    const line = await terminal({}, asAdmin());
    await line.opened();
    line.type("AT+MQTTSTAT?");
    await eventually(() => {
      expect(line.text("received")).toMatch(/\+MQTTSTAT:5\s+OK/);
    });
    expect(line.text("sent")).toBe("AT+MQTTSTAT?");
    const { id } = await fleet.server.ok("POST", `devices/${deviceId}/probe`);
    const before = module.commands.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(module.commands.length).toBe(before); // the job waits, and so does the telemetry
    line.say({ type: "close" });
    await line.closed(/closed by the operator/);
    await eventually(async () => {
      expect((await fleet.server.ok("GET", `jobs/${id}`)).counts.succeeded).toBe(1);
    });
    await eventually(async () => {
      const said = await recorded();
      expect(said.map(({ what }) => what)).toEqual(["opened", "sent", "received", "closed"]);
      expect(said[0]).toMatchObject({ text: "FLEET_ADMIN_KEY" });
      expect(said[2]?.text).toContain("+MQTTSTAT:5");
    });
    const [entry] = await auditOf(fleet.server, { action: "console", resource: `devices/${deviceId}` });
    expect(entry).toMatchObject({
      actor: { kind: "api-key", name: "FLEET_ADMIN_KEY" },
      from: { address: "127.0.0.1" },
      outcome: "done",
      detail: "closed by the operator",
      after: { commands: 1 },
    });
    const events = (await fleet.server.ok("GET", `devices/${deviceId}/events?kind=console&limit=500`)).items;
    const { console: recordedId } = entry!.after as { console: string };
    expect(new Set(events.map((event: { console: string }) => event.console))).toEqual(new Set([recordedId]));
  }, 30_000);

  it("runs no command that a policy forbids, be it the configuration's or the agent's own", async () => {
    const line = await terminal({ key: fleet.server.adminKey });
    await line.opened();
    const before = module.commands.length;
    line.type("AT+CFUN=1,1");
    line.type("AT+CGSN=1");
    line.type("AT+CSQ;+CFUN=0");
    await eventually(() => {
      expect(line.text("note")).toMatch(/at\.deny forbids AT\+CFUN.*at\.deny forbids AT\+CGSN/s);
      expect(line.text("note")).toMatch(/must not chain/);
    });
    expect(module.commands.slice(before)).toEqual([]);
  });

  it("is for one operator at a time, and ends when nothing is said", async () => {
    const first = await terminal({ key: fleet.server.adminKey, idleS: 10 });
    await first.opened();
    const second = await terminal({ key: fleet.server.adminKey });
    await second.closed(/FLEET_ADMIN_KEY has it open/);
    await eventually(
      () => {
        expect(first.replies.at(-1)).toEqual({ type: "closed", reason: "nothing was said for 10 s" });
      },
      { timeoutMs: 20_000 },
    );
  }, 30_000);

  it("is refused to a viewer, to nobody, and for a device that is away", async () => {
    const { key: viewer } = await fleet.server.ok("POST", "api-keys", { name: "v", role: "viewer" });
    await (await terminal({ key: viewer })).closed(/needs a valid API key or a session with the role operator/);
    await (await terminal()).closed(/needs a valid API key/);
    const limited = { name: "l", role: "operator", selector: { tags: ["elsewhere"] } };
    const { key: elsewhere } = await fleet.server.ok("POST", "api-keys", limited);
    await (await terminal({ key: elsewhere })).closed(/needs a valid API key/);
    const { id } = await fleet.server.ok("POST", "devices", { name: "away" });
    await (await terminal({ key: fleet.server.adminKey, deviceId: id })).closed(/not connected/);
    const odd = await terminal({ key: fleet.server.adminKey, deviceId: "x" });
    await odd.closed(/not understood/);
    await eventually(async () => {
      const refused = await auditOf(fleet.server, { action: "console", outcome: "refused" });
      expect(refused.map(({ status, actor }) => [status, actor.name])).toEqual([
        [403, "l"],
        [401, null],
        [403, "v"],
      ]);
    });
  });

  it("keeps no place for whoever proves nothing when others come, and the oldest of the most crowded network goes", async () => {
    const closeCodes = new Map<WebSocket, number>();
    const silent = async (address: string) => {
      const headers = { "x-forwarded-for": address };
      const socket = new WebSocket(`${fleet.server.url.replace("http", "ws")}/api/v1/console`, { headers });
      sockets.push(socket);
      socket.on("close", (code) => closeCodes.set(socket, code));
      await once(socket, "open");
      return socket;
    };
    const [first] = [await silent("2001:db8:1::1"), await silent("2001:db8:1::2")];
    for (let n = 3; n <= 17; n++) await silent(`2001:db8:1::${n}`); // one network has 16 places
    await eventually(() => expect([...closeCodes]).toEqual([[first, 1013]]));
    const others = await Promise.all(Array.from({ length: 185 }, (_, n) => silent(`192.0.2.${n}`)));
    // 201 are there now, and not one of those that came alone had to go.
    await eventually(() => expect(closeCodes.size).toBe(2));
    expect(others.filter((socket) => closeCodes.has(socket))).toEqual([]);
    await (await terminal({ key: fleet.server.adminKey }, { "x-forwarded-for": "2001:db8:1::99" })).opened();
  });

  it("ends a running job between two of its steps", async () => {
    const steps = [{ command: "AT+CSQ" }, { command: "AT+CGMR" }, { command: "AT+CGMM" }];
    const before = module.commands.length;
    module.fault("late-answer", true);
    const { id } = await fleet.server.ok("POST", "jobs", { kind: "at", targets: { deviceIds: [deviceId] }, steps });
    await eventually(async () => {
      expect((await fleet.server.ok("GET", `jobs/${id}`)).counts.running).toBe(1);
    });
    await fleet.server.ok("POST", `jobs/${id}/cancel`);
    await eventually(
      async () => {
        const [execution] = (await fleet.server.ok("GET", `jobs/${id}/executions`)).items;
        expect(execution).toMatchObject({ status: "CANCELED", error: expect.stringMatching(/canceled after \d of 3/) });
      },
      { timeoutMs: 30_000 },
    );
    module.fault("late-answer", false);
    expect(module.commands.slice(before)).not.toContain("AT+CGMM");
  }, 60_000);

  it("changes the agent's log level for a while", async () => {
    expect(
      (await fleet.server.request("POST", `devices/${deviceId}/log-level`, { level: "debug", forS: 1 })).status,
    ).toBe(204);
    await eventually(() => {
      expect(log.level).toBe("debug");
    });
    await eventually(() => {
      expect(log.level).toBe("silent");
    });
    const { id } = await fleet.server.ok("POST", "devices", { name: "away too" });
    expect((await fleet.server.request("POST", `devices/${id}/log-level`, { level: "debug" })).status).toBe(409);
  });

  it("pushes another token, and the link stays beyond the end of the former one", async () => {
    const sessions = async () => (await fleet.server.ok("GET", `devices/${deviceId}/link-sessions`)).items.length;
    const before = await sessions();
    const rotated = await fleet.server.ok("POST", `devices/${deviceId}/token`, { overlapS: 2 });
    expect(rotated.isPushed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 3_500)); // the former one is over
    expect(agent.status?.server.isConnected).toBe(true);
    expect(await sessions()).toBe(before);
    await agent.stop();
    agent = fleet.agent(module, "agent", { token }); // the settings still name the former one
    await agent.start();
    await eventually(() => {
      expect(agent.status?.server.isConnected).toBe(true);
    });
  }, 30_000);
});
