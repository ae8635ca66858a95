import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import {
  type DialectName,
  DIALECTS,
  type FaultName,
  VirtualMn316,
  type VirtualMn316Options,
} from "@mn316-fleet/virtual-mn316";
import { AcknowledgementError, CommandError, ConnectError, ForeignDialectError } from "../driver/errors";
import { Mn316 } from "../driver/mn316";
import type { Mn316Options } from "../driver/options";
import type { MqttSettings } from "../driver/settings";

const SETTINGS: MqttSettings = {
  ...{ host: "broker.example", port: 1883, clientId: "dialects", keepAliveS: 60, cleanSession: true },
  ...{ username: "u", password: "s3cret", ackTimeoutS: 10, pingEcho: false },
};
const BINARY = Buffer.from([...Array.from({ length: 255 }, (_, index) => index + 1), 13, 10, 79, 75, 13, 10]);

describe("the driver bears", () => {
  let broker: TestBroker;
  let module: VirtualMn316;
  let driver: Mn316;
  let clients = 0;

  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());
  afterEach(() => {
    driver.close();
    module.destroy();
  });

  function open(options: VirtualMn316Options, driverOptions: Mn316Options = {}): void {
    module = new VirtualMn316({ broker: broker.url, ...options });
    driver = new Mn316(module.stream, driverOptions);
  }
  const settings = (change: Partial<MqttSettings> = {}): MqttSettings => ({
    ...SETTINGS,
    clientId: `dialects-${++clients}`,
    ...change,
  });
  async function connect(change: Partial<MqttSettings> = {}): Promise<void> {
    await driver.start();
    await driver.configure(settings(change));
    await driver.connect();
  }

  /** Everything a host does in a day. */
  async function session(): Promise<void> {
    const messages = driver.messages();
    await driver.start();
    const wanted = settings();
    await driver.configure(wanted);
    expect(await driver.readConfig()).toMatchObject({ host: wanted.host, clientId: wanted.clientId, username: "u" });
    await driver.connect();
    expect(await driver.subscribe("a,1,b", 2)).toEqual({ code: 2 });
    expect(await driver.subscribe("a,1,b", 2)).toEqual({ code: 2 });
    expect(await driver.listSubscriptions()).toEqual([{ topic: "a,1,b", qos: 2 }]);
    for (const qos of [0, 1, 2]) {
      await driver.publish("a,1,b", BINARY, { qos });
      expect((await messages.next()).value).toMatchObject({ topic: "a,1,b", qos, payload: BINARY });
    }
    await driver.unsubscribe("a,1,b");
    await driver.disconnect();
    expect(driver.state).toBe("disconnected");
    await driver.destroy();
    expect(await driver.queryState()).toBe("uninitialized");
  }

  const whole = (Object.keys(DIALECTS) as DialectName[]).filter((name) => name !== "sister-grammar");
  it.each(whole)("a module that is %s", async (dialect) => {
    open({ dialects: [dialect] }, { baudRate: dialect === "9600-baud" ? 9_600 : 115_200 });
    await session();
  });

  it("several of them at once", async () => {
    const dialects: DialectName[] = [
      "pingrsp",
      "space-after-colon",
      "dup-first",
      "no-leading-line-end",
      "quoted-topic",
    ];
    open({
      dialects: [...dialects, "payload-on-next-line", "quoted-mask", "urc-before-ok", "vendor-errors", "late-disc"],
    });
    await session();
  });

  const faults: FaultName[] = [
    ...([
      "debug-lines",
      "one-byte-a-time",
      "busy",
      "dirty-input",
      "torn-echo",
      "echo-returns",
      "stray-errors",
    ] as const),
  ];
  it.each(faults)("the fault %s", async (fault) => {
    open({ faults: [fault], seed: 7 });
    await session();
  });

  it("noise: what it damages fails by itself, and what follows works", async () => {
    open({ faults: ["line-noise"], seed: 3 });
    await connect();
    for (let count = 0; count < 50; count++) await driver.publish("noise", BINARY, { qos: 1 });
    expect(await driver.queryState()).toBe("connected");
  });

  it("answers that are lost: the line is quarantined, and the next command gets its own", async () => {
    open({}, { commandTimeoutMs: 100 });
    await driver.start();
    module.fault("lost-answer");
    for (let count = 0; count < 12; count++) {
      const signal = await driver.signal().catch(() => undefined);
      if (signal) expect(signal.rssi).toBeGreaterThan(0);
    }
    module.fault("lost-answer", false);
    expect(await driver.signal()).toMatchObject({ ber: 0 });
  }, 60_000);

  it("answers that come too late: never taken for the next command's", async () => {
    open({ timeScale: 20 }, { commandTimeoutMs: 300 });
    await driver.start();
    module.fault("late-answer"); // 750 ms
    await expect(driver.signal()).rejects.toThrow("no final answer");
    module.fault("late-answer", false);
    expect(await driver.queryState()).toBe("uninitialized");
    expect(await driver.signal()).toMatchObject({ ber: 0 });
  });

  it("URCs that are never printed: a deadline and a question close what they left open", async () => {
    open({ dialects: ["ack-timeout-stays"] }, { connectTimeoutMs: 300 });
    await driver.start();
    await driver.configure(settings({ keepAliveS: 10, ackTimeoutS: 1 }));
    module.fault("lost-urcs");
    await driver.connect();
    expect(driver.state).toBe("connected");
  });

  it("a module that sleeps: an AT is sacrificed", async () => {
    open({ dialects: ["sleepy"] }, { sleepsAfterMs: 500 });
    await driver.start();
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect(await driver.signal()).toMatchObject({ ber: 0 });
    expect(module.commands.slice(-2)).toEqual(["AT", "AT+CSQ"]);
  });

  it.each([
    ["short-publish", {}],
    ["torn-publish", {}],
    ["nul-ends-payload", { dialects: ["nul-ends-payload"] }],
  ] as const)("a message that comes short (%s): told as truncated, and the line is in step", async (name, options) => {
    open(options, { stallMs: 200 });
    await connect();
    await driver.subscribe("short", 0);
    if (!("dialects" in options)) module.fault(name as FaultName);
    const truncated = new Promise((resolve) => driver.once("truncated", resolve));
    await driver.publish("short", Buffer.from("first part\0and the second part, which is longer"));
    expect(await truncated).toMatchObject({ topic: "short", msgLen: 47 });
    expect(await driver.signal()).toMatchObject({ ber: 0 });
  });

  it("a sister module with another grammar, and names it", async () => {
    open({ dialects: ["sister-grammar"] });
    await driver.start();
    await expect(driver.readConfig()).rejects.toThrow(ForeignDialectError);
    await expect(driver.configure(settings())).rejects.toThrow(CommandError);
  });

  it.each(["boot-atready", "silent-boot"] as const)("a restart of a module that is %s", async (dialect) => {
    open({ dialects: [dialect], timeScale: 100 });
    await connect();
    const restarted = new Promise((resolve) => driver.once("module-restart", resolve));
    module.restart();
    if (dialect === "silent-boot") {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await driver.queryState();
    }
    await restarted;
    expect(driver.state).toBe("uninitialized");
    expect((await driver.exec("AT+MQTTCFG?")).result).not.toBe("OK");
  });

  it("a brown-out: each restart is told once", async () => {
    open({ timeScale: 4 });
    await connect();
    const reasons: string[] = [];
    driver.on("module-restart", ({ reason }) => reasons.push(reason));
    module.fault("brown-out"); // every 5 s, up again 0.75 s later
    await eventually(() => expect(reasons).toHaveLength(2), { timeoutMs: 20_000 });
    module.fault("brown-out", false);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(reasons).toEqual(["REBOOTING", "REBOOTING"]);
  }, 30_000);

  it("a network that is slow, and one that comes back: subscriptions are restored", async () => {
    open({ timeScale: 50, faults: ["network-slow"] });
    await connect({ keepAliveS: 20, ackTimeoutS: 10 });
    await driver.subscribe("restored", 1);
    const messages = driver.messages();
    const causes: string[] = [];
    driver.on("state", ({ to, cause }) => causes.push(`${to} (${cause})`));
    module.fault("network-down");
    await eventually(() => expect(driver.state).toBe("reconnecting"));
    module.fault("network-down", false);
    await eventually(() => expect(driver.state).toBe("connected"));
    await eventually(async () => expect(await driver.listSubscriptions()).toEqual([{ topic: "restored", qos: 1 }]));
    await driver.publish("restored", "again", { qos: 1 });
    expect((await messages.next()).value).toMatchObject({ topic: "restored" });
    expect(causes).toEqual(["reconnecting (unknown)", "connected (unknown)"]);
  });

  it.each([
    ["drop-puback", () => driver.publish("a", "x", { qos: 1 })],
    ["drop-suback", () => driver.subscribe("a", 1)],
    ["drop-unsuback", () => driver.unsubscribe("b")],
  ] as const)("a broker that does not acknowledge (%s): the operation says so", async (fault, work) => {
    open({ timeScale: 50, dialects: ["ack-timeout-stays"] });
    await connect();
    await driver.subscribe("b", 1);
    module.fault(fault);
    await expect(work()).rejects.toThrow(AcknowledgementError);
    module.fault(fault, false);
    await driver.publish("a", "y", { qos: 2 });
  });

  it.each([
    ["bad-password", "connect-refused"],
    ["broker-refuses", "connect-refused"],
    ["drop-connack", "connect-timeout"],
    ["network-silent", "connect-timeout"],
  ] as const)("a connect that fails (%s): rejected with its cause", async (fault, cause) => {
    open({ timeScale: 50, faults: [fault] });
    await driver.start();
    await driver.configure(settings());
    const error = await driver.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ cause });
  });
});
