import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ExecuteFrame, Step } from "@mn316-fleet/protocol";
import { Agent, type AgentOptions } from "./agent";
import { aConfig, FakeServer } from "./test-support/fake-server";
import { steadyClock } from "./time";

describe("an agent with a virtual module, a real broker and a server", () => {
  let broker: TestBroker;
  let server: FakeServer;
  let module: VirtualMn316;
  let folder: string;
  let agent: Agent;

  beforeEach(async () => {
    broker = await startTestBroker();
    server = new FakeServer();
    await server.start();
    module = new VirtualMn316({ broker: broker.url, timeScale: 20 });
    folder = await mkdtemp(path.join(tmpdir(), "agent-core-"));
    agent = anAgent();
  });
  afterEach(async () => {
    await agent.stop();
    module.destroy();
    await server.stop();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
    expect(server.broken).toEqual([]);
  });

  const anAgent = (options: Partial<AgentOptions> = {}) =>
    new Agent({
      server: server.url,
      token: "mfd_test",
      dataDir: path.join(folder, "data"),
      openStream: () => Promise.resolve(module.stream),
      random: () => 0,
      ...options,
    });
  const isConnected = () =>
    eventually(() => {
      expect(server.events("state").at(-1)?.to).toBe("connected");
    });
  const connected = async () => {
    server.desired = { version: 1, config: aConfig(broker.port), confirmWithinS: 20 };
    await agent.start();
    await eventually(() => {
      expect(server.events("config").at(-1)).toMatchObject({ version: 1, status: "applied" });
      expect(server.last("reported")).toMatchObject({ version: 1, status: "applied" });
    });
    await isConnected();
  };
  const execute = (kind: ExecuteFrame["job"]["kind"], steps: Step[] = [], rest: Partial<ExecuteFrame> = {}) => {
    const frame: ExecuteFrame = {
      type: "execute",
      execution: randomUUID(),
      attempt: 1,
      job: { id: randomUUID(), kind },
      steps,
      timeoutS: 20,
      notAfter: Date.now() + 60_000,
      ...rest,
    };
    server.send(frame);
    return frame.execution;
  };
  const ended = (id: string, status: string | RegExp) =>
    eventually(
      () => {
        const { status: last, error } = server.executions(id).at(-1) ?? {};
        expect(`${last ?? ""} ${error ?? ""}`).toMatch(status);
        return server.executions(id);
      },
      { timeoutMs: 15_000 },
    );
  const opens = () => module.commands.filter((command) => command.startsWith("AT+MQTTOPEN=")).length;
  /** Each state event begins where the one before it ended. */
  const expectSeamless = () => {
    const states = server.events("state");
    for (const [index, event] of states.entries()) {
      const before = states[index - 1];
      if (before) expect(event).toMatchObject({ from: before.to, since: before.at });
      expect(event.at).toBeGreaterThanOrEqual(event.since);
    }
  };

  it("applies the first configuration in the manual's order and reports what the module holds", async () => {
    await connected();
    const names = module.commands.map((command) => /^AT\+(MQTT\w+=)/.exec(command)?.[1]).filter(Boolean);
    expect(names).toEqual(["MQTTCFG=", "MQTTTO=", "MQTTPING=", "MQTTOPEN=", "MQTTSUB="]);
    expect(server.last("reported")?.config).toMatchObject({
      mqtt: { host: "127.0.0.1", port: broker.port, keepAliveS: 60, ackTimeoutS: 10 },
      subscriptions: [{ topic: "agent-core/commands", qos: 1 }],
      trust: { "mqtt.host": "verified", "mqtt.ackTimeoutS": "acknowledged" },
    });
    const numbers = [...server.stored.keys()].sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expectSeamless();
  });

  it("leaves a module alone that holds the configuration when the agent starts again", async () => {
    await connected();
    const before = module.commands.length;
    await agent.stop();
    expect(server.events("state").at(-1)).toMatchObject({ to: "unknown", cause: "agent-stopped" });
    agent = anAgent();
    await agent.start();
    await isConnected();
    await eventually(() => {
      expect(module.commands.slice(before)).toContain("AT+MQTTSUB?");
    });
    expect(module.commands.slice(before).filter((command) => /MQTT(CFG=|OPEN|DISC|DEL)/.test(command))).toEqual([]);
    expectSeamless();
  });

  it("rolls a configuration back that does not connect", async () => {
    await connected();
    const config = aConfig(1);
    server.send({ type: "desired", version: 2, config, confirmWithinS: 3 });
    await eventually(
      () => {
        expect(server.last("reported")).toMatchObject({ version: 2, status: "rolled-back" });
      },
      { timeoutMs: 20_000 },
    );
    expect(server.last("reported")?.reason).toMatch(/^connect: .*returned to version 1$/);
    expect(server.last("reported")?.config?.mqtt).toMatchObject({ port: broker.port });
    await isConnected();
    const configures = module.commands.filter((command) => command.startsWith("AT+MQTTCFG=")).length;
    const reports = () => server.frames.filter((frame) => frame.type === "reported" && frame.version === 2).length;
    await eventually(async () => {
      const before = reports();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(reports()).toBe(before); // all that follows from the roll-back itself has come
    });
    const before = reports();
    server.send({ type: "desired", version: 2, config, confirmWithinS: 3 });
    await eventually(() => {
      expect(reports()).toBe(before + 1);
    });
    expect(module.commands.filter((command) => command.startsWith("AT+MQTTCFG=")).length).toBe(configures);
  }, 40_000);

  it("refuses a configuration that breaks the manual's rules without touching the module", async () => {
    await connected();
    const before = module.commands.length;
    server.send({ type: "desired", version: 2, config: aConfig(broker.port, { host: 'a"b' }), confirmWithinS: 3 });
    await eventually(() => {
      expect(server.last("reported")).toMatchObject({
        version: 2,
        status: "rejected",
        reason: expect.stringContaining("host"),
      });
    });
    expect(module.commands.slice(before).filter((command) => /MQTT(CFG=|OPEN|DISC|DEL)/.test(command))).toEqual([]);
  });

  it("takes rules of its own from a new version without disturbing the connection", async () => {
    await connected();
    const config = aConfig(broker.port, {}, { at: { allow: [], deny: ["AT+CSQ"] } });
    server.send({ type: "desired", version: 2, config, confirmWithinS: 3 });
    await eventually(() => {
      expect(server.events("config").at(-1)).toMatchObject({ version: 2, status: "applied" });
    });
    expect(opens()).toBe(1);
    await ended(execute("at", [{ command: "AT+CSQ" }]), "REJECTED");
  });

  it("comes back after the module gave up, and tells each step", async () => {
    await connected();
    module.fault("network-silent", true);
    await eventually(
      () => {
        expect(server.events("state").at(-1)).toMatchObject({ to: "disconnected", cause: "heartbeat-lost" });
      },
      { timeoutMs: 40_000 },
    );
    module.fault("network-silent", false);
    await eventually(
      () => {
        expect(server.events("recovery").at(-1)?.step).toBe("recovered");
      },
      { timeoutMs: 20_000 },
    );
    await isConnected();
    expect(server.events("timeout").map(({ type }) => type)).toEqual([5, 5, 5]);
    expect(server.events("reconnect").map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
    expectSeamless();
  }, 90_000);

  it("configures a module anew that restarted by itself", async () => {
    await connected();
    module.fault("restart", true);
    await eventually(
      () => {
        expect(server.events("module-restart").length).toBe(1);
        expect(opens()).toBe(2);
      },
      { timeoutMs: 15_000 },
    );
    await isConnected();
    expectSeamless();
  }, 30_000);

  it("opens the serial line again when it was lost", async () => {
    await connected();
    module.stream.destroy();
    await eventually(() => {
      expect(server.events("serial").map(({ state }) => state)).toEqual(["open", "lost", "open"]);
    });
    await isConnected();
    expect(server.events("state").map(({ cause }) => cause)).toContain("serial-lost");
    expect(opens()).toBe(1);
    expectSeamless();
  }, 30_000);

  it("runs AT steps, checks what is expected, and keeps the output", async () => {
    await connected();
    const good = await ended(
      execute("at", [{ command: "AT+MQTTSTAT?", expect: "+MQTTSTAT:5" }, { command: "AT+CSQ" }]),
      "SUCCEEDED",
    );
    expect(good.map(({ status, step, result }) => [status, step, result])).toEqual([
      ["RUNNING", undefined, undefined],
      ["RUNNING", 0, "OK"],
      ["SUCCEEDED", 1, "OK"],
    ]);
    expect(good[1]?.output).toEqual(["+MQTTSTAT:5"]);
    const bad = await ended(
      execute("at", [{ command: "AT+MQTTSTAT?", expect: "+MQTTSTAT:0" }, { command: "AT+CSQ" }]),
      "FAILED",
    );
    expect(bad.at(-1)).toMatchObject({ step: 0, error: expect.stringContaining("expect") });
  });

  it.each<[string, Step[], Partial<ExecuteFrame>]>([
    ["at.deny", [{ command: "AT+CFUN=1,1" }], {}],
    ["control", [{ command: "AT+CSQ\rAT+CFUN=1,1" }], {}],
    [";", [{ command: "AT+CSQ;+CFUN=1,1" }], {}],
    ["too late", [{ command: "AT+CSQ" }], { notAfter: 1 }],
  ])("refuses by its own rules: %s", async (_name, steps, rest) => {
    await connected();
    await ended(execute("at", steps, rest), "REJECTED");
    expect(module.commands.filter((command) => command.includes("CFUN"))).toEqual([]);
  });

  it("runs an execution once, however often it is sent, also across a restart", async () => {
    await connected();
    const id = execute("at", [{ command: "AT+CGMR" }]);
    await ended(id, "SUCCEEDED");
    const runs = () => module.commands.filter((command) => command === "AT+CGMR").length;
    const before = runs();
    execute("at", [{ command: "AT+CGMR" }], { execution: id });
    await eventually(() => {
      expect(server.executions(id).filter(({ status }) => status === "SUCCEEDED").length).toBe(2);
    });
    expect(runs()).toBe(before);
    await agent.stop();
    agent = anAgent();
    await agent.start();
    await isConnected();
    const afterStart = runs();
    execute("at", [{ command: "AT+CGMR" }], { execution: id });
    await eventually(() => {
      expect(server.executions(id).filter(({ status }) => status === "SUCCEEDED").length).toBe(3);
    });
    expect(runs()).toBe(afterStart);
  }, 40_000);

  it("brings a reconnect to the module, probes it, restarts it, and applies its configuration again", async () => {
    await connected();
    await ended(execute("reconnect"), "SUCCEEDED");
    expect(opens()).toBe(2);
    const probe = await ended(execute("probe"), "SUCCEEDED");
    expect(probe.find(({ command }) => command === "AT+MQTTSTAT?")?.output).toEqual(["+MQTTSTAT:5"]);
    await ended(execute("configure"), "SUCCEEDED");
    expect(opens()).toBe(3);
    await ended(execute("restart"), "SUCCEEDED");
    await eventually(() => {
      expect(opens()).toBe(4);
    });
    await isConnected();
    const [, ...causes] = server.events("state").map(({ cause }) => cause);
    expect(causes).not.toContain("unknown");
    expectSeamless();
  }, 60_000);

  it("leaves a connection closed that a job closed, until it is asked to reconnect", async () => {
    await connected();
    await ended(execute("at", [{ command: "AT+MQTTDISC" }]), "SUCCEEDED");
    await eventually(() => {
      expect(server.events("state").at(-1)).toMatchObject({ to: "disconnected", cause: "requested" });
      expect(server.events("recovery").at(-1)?.step).toBe("held");
    });
    await ended(execute("probe"), "SUCCEEDED");
    expect(opens()).toBe(1);
    await ended(execute("reconnect"), "SUCCEEDED");
    await isConnected();
  }, 40_000);

  it("keeps a first configuration that cannot connect yet, and reports it as applied once it does", async () => {
    const { port } = broker;
    await broker.stop();
    server.desired = { version: 1, config: aConfig(port), confirmWithinS: 2 };
    await agent.start();
    await eventually(
      () => {
        expect(server.events("config").at(-1)).toMatchObject({
          status: "applying",
          reason: expect.stringContaining("kept"),
        });
      },
      { timeoutMs: 20_000 },
    );
    broker = await startTestBroker({}, port);
    await eventually(
      () => {
        expect(server.events("config").at(-1)).toMatchObject({ status: "applied" });
      },
      { timeoutMs: 20_000 },
    );
  }, 60_000);

  it("rolls back also when the agent is restarted in the middle of applying", async () => {
    await connected();
    server.desired = { version: 2, config: aConfig(1), confirmWithinS: 4 };
    server.send({ type: "desired", ...server.desired });
    await eventually(() => {
      expect(module.commands.at(-1)).toMatch(/MQTTOPEN=/);
    });
    await agent.stop();
    agent = anAgent();
    await agent.start();
    await eventually(
      () => {
        expect(server.events("config").at(-1)).toMatchObject({ version: 2, status: "rolled-back" });
        expect(server.events("state").at(-1)?.to).toBe("connected");
      },
      { timeoutMs: 30_000 },
    );
    // The version is decided: neither another start nor a restart of the module tries it again.
    const tries = () => module.commands.filter((command) => command.startsWith('AT+MQTTCFG="127.0.0.1",1,')).length;
    const before = tries();
    await agent.stop();
    agent = anAgent();
    await agent.start();
    await isConnected();
    module.fault("restart", true);
    await eventually(() => {
      expect(server.events("module-restart").length).toBe(1);
    });
    await isConnected();
    expect(tries()).toBe(before);
  }, 90_000);

  it("notices what another master of the line changed, repairs it and tells", async () => {
    // The look at a connected module comes every eight minutes of the agent's time; here that is under a second.
    const steady = {
      ...steadyClock,
      after: (ms: number, call: () => void) => steadyClock.after(ms > 400_000 ? 800 : ms, call),
    };
    agent = anAgent({ steady });
    await connected();
    const reports = () => server.frames.filter(({ type }) => type === "reported").length;
    await new Promise((resolve) => setTimeout(resolve, 700)); // the first look after the configuration is over
    await ended(execute("at", [{ command: 'AT+MQTTUNSUB="agent-core/commands"' }]), "SUCCEEDED");
    await eventually(() => {
      expect(server.events("recovery").at(-1)).toMatchObject({
        step: "repair",
        reason: expect.stringContaining("agent-core/commands"),
      });
    });
    await eventually(() => {
      expect(module.commands.filter((command) => command.startsWith("AT+MQTTSUB=")).length).toBe(2);
    });
    const before = reports();
    await eventually(() => {
      expect(reports()).toBeGreaterThan(before);
      expect(server.last("reported")?.config?.subscriptions).toEqual([{ topic: "agent-core/commands", qos: 1 }]);
    });
    expect(opens()).toBe(1);
  }, 40_000);

  it("ends a subscription that is not configured, whoever made it, and tells", async () => {
    const after = (ms: number, call: () => void) => steadyClock.after(ms > 400_000 ? 300 : ms, call);
    agent = anAgent({ steady: { ...steadyClock, after } });
    await connected();
    await ended(execute("at", [{ command: 'AT+MQTTSUB="other/#",0' }]), "SUCCEEDED");
    await eventually(() => {
      expect(module.commands).toContain('AT+MQTTUNSUB="other/#"');
      expect(server.events("recovery").map(({ step, reason }) => `${step}: ${reason}`)).toContain(
        "repair: the module held a subscription that is not configured, to other/#",
      );
    });
    await eventually(() => {
      expect(server.last("reported")?.config?.subscriptions).toEqual([{ topic: "agent-core/commands", qos: 1 }]);
    });
    expect(server.events("recovery").map(({ step }) => step)).not.toContain("failed");
  }, 40_000);

  it("ends an execution that has not begun, one between two steps, and none whose command is on the line", async () => {
    await connected();
    module.fault("late-answer", true);
    const running = execute("at", [{ command: "AT+CSQ" }, { command: "AT+CGMR" }]);
    const waiting = execute("at", [{ command: "AT+CGMM" }]);
    await ended(running, "RUNNING");
    const before = module.commands.length;
    server.send({ type: "cancel", execution: waiting, attempt: 1 });
    server.send({ type: "cancel", execution: running, attempt: 1 });
    expect((await ended(running, "CANCELED")).at(-1)?.error).toBe("canceled after 1 of 2 steps");
    await ended(waiting, "CANCELED canceled before it began");
    expect(module.commands.slice(before)).not.toContain("AT+CGMR");
    expect(module.commands.slice(before)).not.toContain("AT+CGMM");

    const single = execute("at", [{ command: "AT+CSQ" }]);
    await ended(single, "RUNNING");
    server.send({ type: "cancel", execution: single, attempt: 1 });
    expect((await ended(single, "SUCCEEDED")).map(({ error }) => error).join()).toContain("on the line");
    module.fault("late-answer", false);

    // A cancellation that overtakes its execution holds for when that comes.
    const early = randomUUID();
    server.send({ type: "cancel", execution: early, attempt: 1 });
    await ended(early, "CANCELED");
    execute("at", [{ command: "AT+CGMI" }], { execution: early });
    await eventually(() => {
      expect(server.executions(early).map(({ status }) => status)).toEqual(["CANCELED", "CANCELED"]);
    });
    expect(module.commands.slice(before)).not.toContain("AT+CGMI");
  }, 60_000);

  it("refuses by its own settings what the configuration would allow", async () => {
    agent = anAgent({ at: { allow: ["AT+C*"], deny: ["AT+CGSN"] } });
    await connected();
    await ended(execute("at", [{ command: "AT+CSQ" }]), "SUCCEEDED");
    await ended(execute("at", [{ command: "AT+CGSN=1" }]), /REJECTED.*at.deny forbids AT.CGSN.*own settings/);
    await ended(
      execute("at", [{ command: "AT+MQTTDEL" }]),
      /REJECTED.*at.allow does not name AT.MQTTDEL.*own settings/,
    );
  });

  it("bounds an execution as a whole and each of its steps", async () => {
    await connected();
    module.fault("late-answer", true); // by 0.75 s at the speed of this module
    const step = await ended(execute("at", [{ command: "AT+CSQ", timeoutS: 0.2 }]), "TIMED_OUT");
    expect(step.at(-1)).toMatchObject({ step: 0, result: "timeout" });
    await ended(execute("at", [{ command: "AT+CSQ" }, { command: "AT+CGMR" }], { timeoutS: 0.3 }), "TIMED_OUT");
    module.fault("late-answer", false);
    await ended(execute("at", [{ command: "AT+CSQ" }]), "SUCCEEDED");
  }, 60_000);

  it("keeps its history seamless and its waits short while the wall clock jumps back a day", async () => {
    let offsetMs = 0;
    agent = anAgent({ clock: { ...steadyClock, now: () => Date.now() + offsetMs } });
    await connected();
    offsetMs = -86_400_000;
    module.fault("network-down", true);
    await eventually(
      () => {
        expect(server.events("state").at(-1)?.to).toBe("disconnected");
      },
      { timeoutMs: 60_000 },
    );
    module.fault("network-down", false);
    await eventually(
      () => {
        expect(server.events("state").at(-1)?.to).toBe("connected");
      },
      { timeoutMs: 30_000 },
    );
    for (const { at, since } of server.events("state")) expect(at).toBeGreaterThanOrEqual(since);
    const numbers = [...server.stored.keys()].sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    // What is not to begin any more by the server's clock does not, whatever the device's clock says.
    await ended(execute("at", [{ command: "AT+CSQ" }], { notAfter: Date.now() - 60_000 }), "REJECTED");
    await ended(execute("at", [{ command: "AT+CSQ" }]), "SUCCEEDED");
  }, 120_000);

  it("takes over a pushed token without losing the link, and starts with it", async () => {
    await connected();
    server.send({ type: "token", token: "mfd_next" });
    await eventually(() => {
      expect(server.last("token-stored")?.sha256).toBe(createHash("sha256").update("mfd_next").digest("hex"));
    });
    expect(server.connections).toBe(1);
    await agent.stop();
    server.token = "mfd_next";
    agent = anAgent();
    await agent.start();
    await eventually(() => {
      expect(agent.status?.server.isConnected).toBe(true);
    });
    if (process.platform !== "win32") expect((await stat(path.join(folder, "data", "token"))).mode & 0o777).toBe(0o600);
  });
});
