import { ChannelClosedError } from "@mn316-fleet/at";
import { eventually } from "@mn316-fleet/testkit";
import fc from "fast-check";
import { ScriptedModule } from "../test-support/scripted-module";
import {
  AcknowledgementError,
  CommandError,
  ConnectError,
  ForeignDialectError,
  ParameterError,
  ReaderOverrunError,
} from "./errors";
import { Mn316 } from "./mn316";
import type { Message, Mn316Options } from "./options";
import type { MqttSettings } from "./settings";

const SETTINGS: MqttSettings = {
  ...{ host: "183.230.40.39", port: 6002, clientId: "4069959", keepAliveS: 60, cleanSession: true },
  ...{ username: "75829", password: "secret", ackTimeoutS: 10, pingEcho: true },
};
const OK = "\r\nOK\r\n";

describe("Mn316", () => {
  let peer: ScriptedModule;
  let module: Mn316;
  let told: string[];

  beforeEach(() => {
    open();
  });
  afterEach(() => {
    module.close();
  });

  function open(options: Mn316Options = {}): void {
    peer = new ScriptedModule();
    module = new Mn316(peer.stream, { connectTimeoutMs: 300, commandTimeoutMs: 2_000, ...options });
    told = [];
    module.on("state", ({ from, to, cause }) => told.push(`${from} → ${to} (${cause})`));
  }
  async function connected(): Promise<void> {
    await module.configure(SETTINGS);
    await module.connect();
    told.length = 0;
    peer.commands.length = 0;
  }
  const tells = (expected: readonly string[]) =>
    eventually(() => {
      expect(told).toEqual(expected);
    });

  it("starts with a sacrificial AT, echo off, numeric errors, and the module's state", async () => {
    await module.start();
    expect(peer.commands).toEqual(["AT", "ATE0", "AT+CMEE=1", "AT+MQTTSTAT?"]);
    expect(module.state).toBe("initialized");
  });

  it("configures, connects, subscribes, publishes, disconnects and deletes as §3 shows", async () => {
    peer.on(/^AT\+MQTTSUB=/, `${OK}\r\n+MQTTSUBACK:1,1,pyr\r\n`).on(/^AT\+MQTTPUB=/, `${OK}\r\n+MQTTPUBACK:2,0\r\n`);
    peer.on(/^AT\+MQTTUNSUB=/, `${OK}\r\n+MQTTUNSUBACK:5,pyr\r\n`);
    await module.configure({ ...SETTINGS, will: { topic: "mywill", message: "001bye", qos: 1, retain: true } });
    await module.connect();
    expect(await module.subscribe("pyr", 1)).toEqual({ code: 1 });
    await module.publish("dev/gsm/u", "abc", { qos: 1, retain: true });
    await module.publish("pyr", Buffer.from([0x7e, 0x00, 0x7a]), { qos: 1 });
    await module.unsubscribe("pyr");
    await module.disconnect();
    await module.destroy();
    expect(peer.commands).toEqual([
      'AT+MQTTCFG="183.230.40.39",6002,"4069959",60,"75829","secret",1,0',
      "AT+MQTTTO=10",
      "AT+MQTTPING=1",
      'AT+MQTTOPEN=1,1,1,1,1,"mywill","001bye"',
      'AT+MQTTSUB="pyr",1',
      'AT+MQTTPUB="dev/gsm/u",1,1,0,0,"abc"',
      'AT+MQTTPUB="pyr",1,0,0,3,"7E007A"',
      'AT+MQTTUNSUB="pyr"',
      "AT+MQTTDISC",
      "AT+MQTTDEL",
    ]);
    expect(told).toEqual([
      "unknown → initialized (requested)",
      "initialized → tcp-connecting (requested)",
      "tcp-connecting → connected (requested)",
      "connected → disconnected (requested)",
      "disconnected → uninitialized (requested)",
    ]);
  });

  it.each<[string, Partial<MqttSettings>, string]>([
    ["a quote", { host: 'a"b' }, "host"],
    ["a line end", { username: "a\r\nAT+MQTTDEL" }, "username"],
    ["a NUL", { password: "a\0b" }, "password"],
    ["a port beyond the range", { port: 65_536 }, "port"],
    ["a fraction", { keepAliveS: 1.5 }, "keepAliveS"],
    ["an overlong id", { clientId: "x".repeat(129) }, "clientId"],
    ["an empty host", { host: "" }, "host"],
    ["TLS", { encrypt: true }, "encrypt"],
    ["an ACK timeout above keepAlive", { ackTimeoutS: 61 }, "ackTimeoutS"],
    ["a password without a user", { username: undefined }, "password"],
    ["a will with a wildcard", { will: { topic: "a/#", message: "", qos: 0, retain: false } }, "will.topic"],
    ["a will of QoS 3", { will: { topic: "a", message: "", qos: 3, retain: false } }, "will.qos"],
  ])("refuses %s before a byte is sent, naming the parameter", async (_name, change, parameter) => {
    const error = await module.configure({ ...SETTINGS, ...change }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ParameterError);
    expect(error).toMatchObject({ parameter, section: expect.stringMatching(/^§2\.[129]$/) });
    expect(peer.commands).toEqual([]);
  });

  it("accepts an ACK timeout equal to keepAlive, as §3.1 has it, with a warning", async () => {
    const warnings: string[] = [];
    module.on("warning", ({ message }) => warnings.push(message));
    await module.configure({ ...SETTINGS, keepAliveS: 10 });
    expect(warnings).toEqual([expect.stringContaining("§2.9")]);
  });

  it.each(["AT\r\nAT+MQTTDEL", "AT\0", "", "AT+é"])("refuses to send %j", async (command) => {
    await expect(module.exec(command)).rejects.toThrow(ParameterError);
    expect(peer.commands).toEqual([]);
  });

  it("tells the loss of heart-beats as §3.4 shows it, and that the module reconnected", async () => {
    await connected();
    const attempts: number[] = [];
    module.on("reconnect", ({ attempt }) => attempts.push(attempt));
    peer.say("+MQTTTO:5", "+MQTTTO:5", "+MQTTTO:5", "+MQTTREC:0", "+MQTTREC:1", "+MQTTREC:2", "+MQTTDISC:OK");
    await tells(["connected → reconnecting (heartbeat-lost)", "reconnecting → disconnected (heartbeat-lost)"]);
    expect(attempts).toEqual([0, 1, 2]);
  });

  it.each<[string, string[], string, string]>([
    ["a refusal", ["+MQTTOPEN:FAIL"], "connect-refused", "disconnected"],
    ["a refusal with a DISC behind", ["+MQTTOPEN:FAIL", "+MQTTDISC:OK"], "connect-refused", "disconnected"],
    ["a timeout", ["+MQTTTO:1", "+MQTTDISC:OK"], "connect-timeout", "disconnected"],
    ["attempts that fail", ["+MQTTREC:0", "+MQTTREC:1", "+MQTTREC:2", "+MQTTDISC:OK"], "gave-up", "disconnected"],
  ])("rejects a connect that ends in %s with its cause", async (_name, urcs, cause, state) => {
    peer.on(/^AT\+MQTTOPEN=/, OK + urcs.map((urc) => `\r\n${urc}\r\n`).join(""));
    await module.configure(SETTINGS);
    const error = await module.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ cause });
    expect(module.state).toBe(state);
  });

  it("asks for the state when a connect ends in silence", async () => {
    peer.on(/^AT\+MQTTOPEN=/, OK).on(/^AT\+MQTTSTAT/, `\r\n+MQTTSTAT:5\r\n${OK}`);
    await module.configure(SETTINGS);
    await module.connect();
    expect(module.state).toBe("connected");
  });

  it("explains the module's errors, in numbers and in words", async () => {
    await module.configure(SETTINGS);
    for (const [answer, code] of [
      ["+CME ERROR: 3", 3],
      ["+CME ERROR:operation not allowed", 3],
      ["ERROR", undefined],
    ] as const) {
      peer.on(/^AT\+MQTTOPEN=/, `\r\n${answer}\r\n`);
      const error = await module.connect().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CommandError);
      expect(error).toMatchObject({ command: "AT+MQTTOPEN", code });
    }
  });

  it("never shows a password in an error", async () => {
    peer.on(/^AT\+MQTTCFG=/, "\r\nERROR\r\n");
    const error = await module.configure(SETTINGS).catch((reason: unknown) => reason);
    expect(JSON.stringify(error) + String(error)).not.toContain("secret");
  });

  it("tries again after a pause while the module is busy", async () => {
    let refusals = 2;
    peer.on(/^AT\+MQTTCFG=/, () => (refusals-- > 0 ? "\r\n+CME ERROR: 8007\r\n" : OK));
    await module.configure(SETTINGS);
    expect(peer.commands.filter((command) => command.startsWith("AT+MQTTCFG"))).toHaveLength(3);
  });

  it("takes an unsolicited error for an event, not for the answer, while a command waits", async () => {
    await connected();
    const urcs: string[] = [];
    module.on("urc", ({ line }) => urcs.push(line));
    peer.on(/^AT\+MQTTPUB=/, `\r\n+CME ERROR: 615\r\n${OK}`);
    await module.publish("t", "x");
    expect(urcs).toEqual(["+CME ERROR: 615"]);
  });

  describe("acknowledgements", () => {
    beforeEach(connected);

    it("match several publishes in flight, also as dup,packId", async () => {
      const done: string[] = [];
      const publishes = ["a", "b", "c"].map((topic) =>
        module.publish(topic, "x", { qos: 1 }).then(() => done.push(topic)),
      );
      await peer.hears(/"c"/);
      peer.say("+MQTTPUBACK:0,2", "+MQTTPUBACK:0,3", "+MQTTPUBACK:0,4");
      await Promise.all(publishes);
      expect(done).toEqual(["a", "b", "c"]);
    });

    it("take QoS 2 for done with its fourth step, also ahead of the OK", async () => {
      peer.on(/^AT\+MQTTPUB=/, `\r\n+MQTTPUBREC:2,0\r\n\r\n+MQTTPUBREL:2,0\r\n\r\n+MQTTPUBCOMP:2,0\r\n${OK}`);
      await module.publish("t", "x", { qos: 2 });
    });

    it("that never come cost one publish, and a late one is not taken for the next", async () => {
      const first = module.publish("t", "1", { qos: 1 });
      await peer.hears(/"1"/);
      await eventually(() => {
        peer.say("+MQTTPUBACK:7,0");
      });
      await first; // the ids are known now
      const lost = module.publish("t", "2", { qos: 1 });
      const next = module.publish("t", "3", { qos: 1 });
      let isNextDone = false;
      void next.then(() => (isNextDone = true));
      await peer.hears(/"3"/);
      const answered = module.queryState(); // behind it both publishes have their OK
      await answered;
      peer.say("+MQTTTO:2");
      await expect(lost).rejects.toThrow(AcknowledgementError);
      peer.say("+MQTTPUBACK:8,0", "+MQTTPINGRESP:OK");
      await new Promise((resolve) =>
        module.once("ping", () => {
          resolve(undefined);
        }),
      );
      expect(isNextDone).toBe(false);
      peer.say("+MQTTPUBACK:9,0");
      await next;
    });

    it("that refuse a subscription reject it", async () => {
      peer.on(/^AT\+MQTTSUB=/, `${OK}\r\n+MQTTSUBACK:1,0x80,t\r\n`);
      await expect(module.subscribe("t", 1)).rejects.toThrow("refused");
    });

    it("that are late reject by their type", async () => {
      peer.on(/^AT\+MQTTSUB=/, `${OK}\r\n+MQTTTO:3\r\n`);
      await expect(module.subscribe("t", 1)).rejects.toThrow("late");
    });

    it("are given up with the connection", async () => {
      const publish = module.publish("t", "x", { qos: 1 });
      await peer.hears(/MQTTPUB/);
      peer.say("+MQTTDISC:OK");
      await expect(publish).rejects.toThrow(AcknowledgementError);
    });
  });

  describe("subscriptions", () => {
    beforeEach(async () => {
      peer.on(/^AT\+MQTTSUB="a"/, `${OK}\r\n+MQTTSUBACK:1,1,a\r\n`);
      await connected();
      await module.subscribe("a", 1);
      peer.commands.length = 0;
    });

    it("are restored after a reconnect of the module's own", async () => {
      peer.say("+MQTTREC:0", "+MQTTOPEN:OK");
      await peer.hears(/^AT\+MQTTSUB="a",1$/);
    });

    it("are restored with the next connect, and not asked for twice", async () => {
      peer.on(/^AT\+MQTTSTAT/, `\r\n+MQTTSTAT:5\r\n${OK}`);
      await module.disconnect();
      await module.connect();
      await peer.hears(/^AT\+MQTTSUB="a",1$/);
      await module.queryState();
      await module.subscribe("a", 1);
      expect(peer.commands.filter((command) => command.startsWith("AT+MQTTSUB"))).toHaveLength(1);
    });

    it("that stand already are borne", async () => {
      peer.on(/^AT\+MQTTSUB="b"/, "\r\n+CME ERROR: 606\r\n");
      expect(await module.subscribe("b", 2)).toEqual({ code: 2 });
    });

    it("that cannot be restored are told", async () => {
      const failed = new Promise((resolve) => module.once("restore-failed", resolve));
      peer.on(/^AT\+MQTTSUB="a"/, "\r\n+CME ERROR: 601\r\n");
      peer.say("+MQTTOPEN:OK");
      expect(await failed).toMatchObject({ topic: "a" });
    });
  });

  it("lets a disconnect overtake waiting publishes", async () => {
    await connected();
    const publishes = ["1", "2", "3"].map((text) => module.publish("t", text));
    await Promise.all([...publishes, module.disconnect()]);
    expect(peer.commands.indexOf("AT+MQTTDISC")).toBe(1);
  });

  it("takes an aborted publish out of the queue", async () => {
    await connected();
    const abort = new AbortController();
    const first = module.publish("t", "1");
    const second = module.publish("t", "2", { qos: 1, signal: abort.signal });
    abort.abort(new Error("no longer wanted"));
    await expect(second).rejects.toThrow("no longer wanted");
    await first;
    await module.queryState();
    expect(peer.commands.join()).not.toContain('"2"');
  });

  it("notices a module that restarted by its banner, and wakes it", async () => {
    await connected();
    const restarts: string[] = [];
    module.on("module-restart", ({ reason }) => restarts.push(reason));
    peer.say("REBOOTING", "+POWERON:0", "^SIMST:1");
    await tells(["connected → uninitialized (module-restart)"]);
    await peer.hears(/^ATE0$/);
    expect(restarts).toEqual(["REBOOTING"]);
  });

  it("notices a restart without a banner by an error where there was none", async () => {
    await connected();
    peer.on(/^AT\+MQTTPUB=/, "\r\n+CME ERROR: 3\r\n").on(/^AT\+MQTTSTAT/, `\r\n+MQTTSTAT:0\r\n${OK}`);
    await expect(module.publish("t", "x")).rejects.toThrow(CommandError);
    await tells(["connected → uninitialized (module-restart)"]);
  });

  it("waits for a module that it restarts", async () => {
    await connected();
    await module.restart();
    expect(told[0]).toBe("connected → uninitialized (module-restart)");
  }, 10_000);

  it("counts what an operator's command does as requested", async () => {
    await connected();
    await module.exec("AT+MQTTDISC");
    await tells(["connected → disconnected (requested)"]);
  });

  it("keeps an unknown URC out of an answer", async () => {
    const urcs: string[] = [];
    module.on("urc", ({ line }) => urcs.push(line));
    peer.on(/^AT\+CSQ$/, `\r\n+XYZ: 1\r\n\r\n+CSQ: 17,99\r\n\r\n^ABC:2\r\n${OK}`);
    expect(await module.signal()).toEqual({ rssi: 17, ber: 99 });
    expect(urcs).toEqual(["+XYZ: 1", "^ABC:2"]);
  });

  it("names a foreign dialect", async () => {
    peer.on(/^AT\+MQTTCFG\?/, `\r\n+MQTTCFG: "version",4\r\n${OK}`);
    await expect(module.readConfig()).rejects.toThrow(ForeignDialectError);
  });

  it.each([
    ["an error", "\r\n+CME ERROR: 3\r\n"],
    ["(null)", `\r\n+MQTTCFG:"(null)",0,"(null)",0,"(null)","(null)",0,0\r\n${OK}`],
  ])("takes %s for no configuration", async (_name, answer) => {
    peer.on(/^AT\+MQTTCFG\?/, answer);
    expect(await module.readConfig()).toBeUndefined();
  });

  it("says in what state the line is when it ends", async () => {
    await connected();
    const publish = module.publish("t", "x", { qos: 1 });
    peer.end();
    await expect(publish).rejects.toThrow();
    await tells(["connected → unknown (serial-lost)"]);
    await expect(module.queryState()).rejects.toThrow(ChannelClosedError);
  });

  describe("for await", () => {
    it("gives messages in order and ends with the line", async () => {
      peer.say("+MQTTPUBLISH:0,1,0,1,a,b,5,x\r\ny,", "+MQTTPUBLISH:0,0,1,0,t,2,OK");
      const seen: [string, string][] = [];
      const reading = (async () => {
        for await (const { topic, payload } of module.messages()) seen.push([topic, payload.toString()]);
      })();
      await eventually(() => {
        expect(seen).toEqual([
          ["a,b", "x\r\ny,"],
          ["t", "OK"],
        ]);
      });
      module.close();
      await reading;
    });

    it("gives events with their kind", async () => {
      const events = module.events();
      peer.say("+MQTTTO:5", "+MQTTPINGRSP:OK");
      expect((await events.next()).value).toEqual({ kind: "timeout", type: 5 });
      expect((await events.next()).value).toEqual({ kind: "ping" });
      await events.return?.();
    });

    it("holds the line back while nobody reads, but never a command's answer", async () => {
      open({ highWaterMark: 5 });
      const messages = module.messages();
      const burst = `\r\n+MQTTPUBLISH:0,0,0,0,t,1000,${"x".repeat(1_000)}\r\n`;
      for (let count = 0; count < 100; count++) peer.write(burst);
      await eventually(() => {
        expect(peer.stream.isPaused()).toBe(true);
      });
      expect(await module.queryState()).toBe("initialized");
      for (let count = 0; count < 100; count++) expect((await messages.next()).done).toBe(false);
      await messages.return?.();
      expect(peer.stream.isPaused()).toBe(false);
    });

    it("ends with an error for a reader that leaves too much unread while a command keeps the line open", async () => {
      open({ highWaterMark: 5 });
      const messages = module.messages();
      let heard = 0;
      module.on("message", () => heard++);
      peer.on(/^AT\+CSQ/, "");
      const endless = module.signal().catch((error: unknown) => error);
      for (let count = 1; count <= 400; count++) peer.say(`+MQTTPUBLISH:0,0,0,0,t,3,${String(count).padStart(3, "0")}`);
      await eventually(() => {
        expect(heard).toBe(400);
      });
      for (let count = 1; count <= 320; count++) expect((await messages.next()).done).toBe(false);
      await expect(messages.next()).rejects.toThrow(ReaderOverrunError);
      module.close();
      expect(await endless).toBeInstanceOf(ChannelClosedError);
    });
  });

  it("checks the connection by itself where it is told to", async () => {
    open({ liveness: { everyS: 0.02 } });
    peer.on(/^AT\+MQTTSTAT/, `\r\n+MQTTSTAT:2\r\n${OK}`);
    await module.configure(SETTINGS);
    await module.connect();
    await eventually(() => {
      expect(module.state).toBe("disconnected");
    });
  });

  it("tells of a canary that the broker does not acknowledge while the module holds itself connected, and goes on", async () => {
    open({ liveness: { everyS: 0.02, canaryTopic: "canary" } });
    peer.on(/^AT\+MQTTPUB="canary",1/, `${OK}\r\n+MQTTTO:2\r\n`).on(/^AT\+MQTTSTAT/, `\r\n+MQTTSTAT:5\r\n${OK}`);
    const lost: string[] = [];
    module.on("canary-lost", ({ topic, reason }) => lost.push(`${topic}: ${reason}`));
    await module.configure(SETTINGS);
    await module.connect();
    await eventually(() => {
      expect(lost.length).toBeGreaterThan(1);
    });
    expect(lost[0]).toContain("canary: publish canary: the broker's acknowledgement is late");
  });

  it("goes on checking after an answer that was lost", async () => {
    let answers = 0;
    open({ liveness: { everyS: 0.02 }, commandTimeoutMs: 50 });
    peer.on(/^AT\+MQTTSTAT/, () => (answers++ === 0 ? "" : `\r\n+MQTTSTAT:${answers > 2 ? 2 : 5}\r\n${OK}`));
    await module.configure(SETTINGS);
    await module.connect();
    await eventually(() => {
      expect(module.state).toBe("disconnected");
    });
  });

  it("sets the ACK timeout and the ping's echo alone, in range and below keepAlive", async () => {
    await module.configure(SETTINGS);
    peer.commands.length = 0;
    await module.setAckTimeout(5);
    await module.setPingEcho(false);
    await expect(module.setAckTimeout(61)).rejects.toThrow(ParameterError);
    await expect(module.setAckTimeout(0)).rejects.toThrow("§2.9");
    expect(peer.commands).toEqual(["AT+MQTTTO=5", "AT+MQTTPING=0"]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["a wildcard to publish to", () => module.publish("a/#", "x"), "topic must not hold a wildcard (§2.5)"],
    ["a QoS beyond 2", () => module.publish("a", "x", { qos: 3 }), "qos must be a whole number from 0 to 2 (§2.5)"],
    [
      "a message beyond 2 KiB",
      () => module.publish("a", "x".repeat(2_049)),
      "payload must not exceed 2048 bytes (§2.5)",
    ],
    ["a quote in a filter", () => module.subscribe('a"b', 1), "topic must not hold a quote (§2.4)"],
    ["no topic", () => module.unsubscribe(""), "topic must not be empty (§2.6)"],
  ])("refuses %s before a byte is sent", async (_name, work, message) => {
    await expect(work()).rejects.toThrow(message);
    expect(peer.commands).toEqual([]);
  });

  it("marks a message as sent before where it is told to", async () => {
    await connected();
    await module.publish("t", "x", { dup: true, retain: true });
    expect(peer.commands).toEqual(['AT+MQTTPUB="t",0,1,1,0,"x"']);
  });

  it.each([
    [
      '+CEREG:0,1,"6B1E","0C5A3B11",9',
      { stat: 1, isRegistered: true, trackingArea: "6B1E", cell: "0C5A3B11", accessTechnology: 9 },
    ],
    ["+CEREG: 2,5,6B1E,0C5A3B11", { stat: 5, isRegistered: true, trackingArea: "6B1E", cell: "0C5A3B11" }],
    ["+CEREG:0,2", { stat: 2, isRegistered: false }],
    ["+CEREG:0,3,,", { stat: 3, isRegistered: false }],
  ])("reads the registration from %s", async (line, registration) => {
    peer.on(/^AT\+CEREG/, `\r\n${line}\r\n${OK}`);
    expect(await module.registration()).toEqual(registration);
  });

  it("waits for the line that a question asks for, where an OK is left of an earlier command", async () => {
    peer.on(/^AT\+CSQ$/, `${OK}\r\n+CSQ:17,99\r\n${OK}`);
    expect(await module.signal()).toEqual({ rssi: 17, ber: 99 });
  });

  it("warns of fields that together are more than some modules take", async () => {
    const warnings: string[] = [];
    module.on("warning", ({ message }) => warnings.push(message));
    await module.configure({ ...SETTINGS, username: "u".repeat(128), password: "p".repeat(128) });
    expect(warnings).toEqual([expect.stringContaining("some modules take 256")]);
  });

  it("tells every step that the broker acknowledges", async () => {
    await connected();
    const told: string[] = [];
    module.on("publish-step", ({ step, packId }) => told.push(`${step} ${packId}`));
    module.on("publish-ack", ({ packId }) => told.push(`done ${packId}`));
    module.on("unsuback", ({ topic }) => told.push(`left ${topic}`));
    peer.say("+MQTTPUBREC:2,0", "+MQTTPUBREL:2,0", "+MQTTPUBCOMP:2,0", "+MQTTUNSUBACK:3,a/b");
    await eventually(() => {
      expect(told).toEqual(["PUBREC 2", "PUBREL 2", "done 2", "left a/b"]);
    });
  });

  it("takes back a command that asks for two things as the answer of both", async () => {
    peer.on(/^AT\+CSQ;\+CEREG\?$/, `\r\n+CSQ:17,99\r\n\r\n+CEREG:0,1\r\n${OK}`);
    expect((await module.exec("AT+CSQ;+CEREG?")).output).toEqual(["+CSQ:17,99", "+CEREG:0,1"]);
  });

  it("is in step again within one command after any bytes", async () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .stringMatching(/^(\+MQTT[A-Z]{2,7}:[\d,a-z"\r\n]{0,30}|OK|ERROR|\r\n|\+CME ERROR:\d+)$/)
        .map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 6 }), async (parts) => {
        open();
        const messages: Message[] = [];
        module.on("message", (message) => messages.push(message));
        for (const part of parts) peer.write(part);
        peer.write("\r\n");
        peer.on(/^AT\+CSQ$/, `\r\n+CSQ: 17,99\r\n${OK}`);
        await module.exec("AT", { timeoutMs: 8_000 });
        expect(await module.signal()).toEqual({ rssi: 17, ber: 99 });
        module.close();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
