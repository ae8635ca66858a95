import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316, type VirtualMn316Options } from "@mn316-fleet/virtual-mn316";
import { Decoder } from "../decode/decoder";
import { Mn316 } from "../driver/mn316";

/** A block of examples in the manual: what the host sends, and behind each the lines that the module says. */
interface Block {
  section: string;
  /** Commands that bring the module to where the block begins. */
  before: string[];
  /** A command with its lines; one that begins with `#` only waits for what the module says by itself. */
  steps: [command: string, ...lines: string[]][];
  /** What the manual prints where the module cannot say the same: its own slip, or an id that depends on the past. */
  printed?: Record<string, string>;
  options?: VirtualMn316Options;
}

const CONFIGURE = 'AT+MQTTCFG="183.230.40.39",6002,"4069959",60,"75829","lIOu0oFUg1guk20ornTK1uzAcnM=",1,0';
const OPEN = 'AT+MQTTOPEN=1,1,0,0,0,"",""';
const CONNECTED = [CONFIGURE, OPEN];
const SUBSCRIBED = [...CONNECTED, 'AT+MQTTSUB="dev/gsm/u",2'];
/** Publishing to oneself: the steps of the acknowledgement and the message come as the broker sends them. */
const PUBLISH_TEXT: Block["steps"][0] = [
  'AT+MQTTPUB="dev/gsm/u",2,1,0,0,"updatemessage"',
  ...[
    "OK",
    "+MQTTPUBREC:2,0",
    "+MQTTPUBREL:2,0",
    "+MQTTPUBCOMP:2,0",
    "+MQTTPUBLISH:0,2,0,1,dev/gsm/u,13,updatemessage",
  ],
];
/** The manual announces 14 bytes, with a space that nobody published. */
const SLIP = {
  "+MQTTPUBLISH:0,2,0,1,dev/gsm/u,13,updatemessage": "+MQTTPUBLISH:0,2,0,1,dev/gsm/u,14,update message",
};
const SUBSCRIBE: Block["steps"][0] = ['AT+MQTTSUB="dev/gsm",2', "OK", "+MQTTSUBACK:7,2,dev/gsm"];

const BLOCKS: Block[] = [
  { section: "§2.1 set", before: [], steps: [[CONFIGURE, "OK"]] },
  {
    section: "§2.1 read",
    before: [CONFIGURE],
    steps: [["AT+MQTTCFG?", "+MQTTCFG:183.230.40.39,6002,4069959,60,75829,***,1,0", "OK"]],
  },
  { section: "§2.2", before: [CONFIGURE], steps: [[OPEN, "OK", "+MQTTOPEN:OK"]] },
  { section: "§2.3", before: CONNECTED, steps: [["AT+MQTTSTAT?", "+MQTTSTAT:5", "OK"]] },
  { section: "§2.4 set", before: CONNECTED, steps: [SUBSCRIBE] },
  {
    section: "§2.4 read",
    before: SUBSCRIBED,
    steps: [["AT+MQTTSUB?", "+MQTTSUB: dev/gsm/u,2", "OK"]],
    options: { dialects: ["space-after-colon"] },
  },
  { section: "§2.5 text", before: SUBSCRIBED, steps: [PUBLISH_TEXT], printed: SLIP },
  {
    section: "§2.5 hexadecimal",
    before: SUBSCRIBED,
    steps: [
      [
        'AT+MQTTPUB="dev/gsm/u",2,1,0,2,"4342"',
        ...["OK", "+MQTTPUBREC:4,0", "+MQTTPUBREL:4,0", "+MQTTPUBCOMP:4,0", "+MQTTPUBLISH:0,2,0,3,dev/gsm/u,2,CB"],
      ],
    ],
  },
  {
    section: "§2.6",
    before: SUBSCRIBED,
    steps: [['AT+MQTTUNSUB="dev/gsm/u"', "OK", "+MQTTUNSUBACK:8,dev/gsm/u"]],
  },
  { section: "§2.7", before: CONNECTED, steps: [["AT+MQTTDISC", "OK", "+MQTTDISC:OK"]] },
  { section: "§2.8", before: [...CONNECTED, "AT+MQTTDISC"], steps: [["AT+MQTTDEL", "OK"]] },
  { section: "§2.9", before: [CONFIGURE], steps: [["AT+MQTTTO=10", "OK"]] },
  {
    section: "§2.10",
    before: [...CONNECTED, "AT+MQTTPING=1"],
    steps: [["# two heart-beats", "+MQTTPINGRESP:OK", "+MQTTPINGRESP:OK"]],
    options: { timeScale: 600 },
  },
  { section: "§2.11", before: SUBSCRIBED, steps: [SUBSCRIBE, PUBLISH_TEXT], printed: SLIP },
  {
    section: "§3.1",
    before: [],
    steps: [['AT+MQTTCFG="183.230.40.39",6002,"4069959",10,"75829","IIOu0oFUg1guk20ornTK1uzAcnM=",1', "OK"]],
  },
  {
    section: "§3.2",
    before: [CONFIGURE],
    steps: [
      ['AT+MQTTOPEN=1,1,1,1,1,"mywill","001bye"', "OK", "+MQTTOPEN:OK"],
      ['AT+MQTTSUB="pyr",1', "OK", "+MQTTSUBACK:1,1,pyr"],
      ['AT+MQTTPUB="dev/gsm/u",1,1,0,0,"abc"', "OK", "+MQTTPUBACK:2,0"],
      ['AT+MQTTPUB="pyr",1,0,0,3,"7E7A7A"', "OK", "+MQTTPUBACK:3,0", "+MQTTPUBLISH:0,1,0,1,pyr,3,~zz"],
      ['AT+MQTTPUB="pyr",1,0,0,0,"abcdef"', "OK", "+MQTTPUBACK:4,0", "+MQTTPUBLISH:0,1,0,2,pyr,6,abcdef"],
      ['AT+MQTTUNSUB="pyr"', "OK", "+MQTTUNSUBACK:5,pyr"],
      ['AT+MQTTPUB="pyr",1,0,0,0,"abcdef"', "OK", "+MQTTPUBACK:6,0"],
    ],
  },
  {
    section: "§3.3",
    before: CONNECTED,
    steps: [
      ["AT+MQTTDISC", "OK", "+MQTTDISC:OK"],
      ["AT+MQTTDEL", "OK"],
      [CONFIGURE, "OK"],
    ],
  },
  {
    section: "§3.4",
    before: ['AT+MQTTCFG="183.230.40.39",6002,"4069959",10,"75829","x",1', ...["AT+MQTTTO=5", "AT+MQTTPING=1", OPEN]],
    steps: [
      ["# heart-beats", "+MQTTPINGRESP:OK", "+MQTTPINGRESP:OK"],
      [
        "# network-silent",
        ...["+MQTTTO:5", "+MQTTTO:5", "+MQTTTO:5", "+MQTTREC:0", "+MQTTREC:1", "+MQTTREC:2", "+MQTTDISC:OK"],
      ],
    ],
    options: { timeScale: 40 },
  },
];

/** Ids count from the begin of a connection, and those of received messages are the broker's. */
const withoutIds = (line: string) =>
  line
    .replace(/^(\+MQTT(?:SUBACK|UNSUBACK|PUB(?:ACK|REC|REL|COMP)): ?)\d+/, "$1#")
    .replace(/^(\+MQTTPUBLISH:\d,\d,\d,)\d+/, "$1#");

describe("the examples of the manual's chapters 2 and 3", () => {
  let broker: TestBroker;
  let module: VirtualMn316;
  let driver: Mn316;
  let heard: string[];

  beforeEach(async () => {
    broker = await startTestBroker();
  });
  afterEach(async () => {
    driver.close();
    module.destroy();
    await broker.stop();
  });

  /** All lines of the module since the last call, once so many are there. */
  const lines = (count: number) =>
    eventually(
      () => {
        const said = heard.join("").split("\r\n").filter(Boolean);
        if (said.length < count) throw new Error(`so far: ${said.join(" | ")}`);
        return said;
      },
      { everyMs: 1 },
    );

  async function open(options: VirtualMn316Options = {}): Promise<void> {
    heard = [];
    module = new VirtualMn316({ broker: broker.url, ...options });
    driver = new Mn316(module.stream, {
      record: ({ dir, text }) => {
        if (dir === "received") heard.push(text ?? "");
      },
    });
    await driver.start();
  }

  async function bring(commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      expect(await driver.exec(command)).toMatchObject({ result: "OK" });
      if (command.startsWith("AT+MQTTOPEN")) await eventually(() => expect(driver.state).toBe("connected"));
      if (command.startsWith("AT+MQTTSUB")) await eventually(() => expect(heard.join("")).toContain("+MQTTSUBACK:"));
      if (command === "AT+MQTTDISC") await eventually(() => expect(driver.state).toBe("disconnected"));
    }
    heard.length = 0;
  }

  it.each(BLOCKS)("$section: are answered as printed", async ({ before, steps, options }) => {
    await open(options);
    await bring(before);
    for (const [command, ...expected] of steps) {
      if (command === "# network-silent") module.fault("network-silent");
      if (!command.startsWith("#")) expect(await driver.exec(command)).toMatchObject({ result: "OK" });
      // Of the acknowledgement and the message that it brought back, either may come first.
      const said = (await lines(expected.length)).slice(0, expected.length).map(withoutIds);
      expect(said.sort()).toEqual(expected.map(withoutIds).sort());
      heard.length = 0;
    }
  });

  it.each(BLOCKS)("$section: are understood as printed", async ({ steps, printed = {} }) => {
    await open();
    const decoder = new Decoder();
    for (const [command, ...answers] of steps) {
      const said = answers.map((line) => printed[line] ?? line);
      const echo = command.startsWith("#") ? "" : `${command}\r`;
      const units = decoder.push(Buffer.from(`${echo}${said.map((line) => `\r\n${line}\r\n`).join("")}`));
      expect(units).toHaveLength(said.length + (echo === "" ? 0 : 1));
      for (const [index, line] of said.entries()) {
        const unit = units.at(index - said.length);
        const name = /^\+(\w+):/.exec(line)?.[1];
        expect(unit).toMatchObject(name === undefined ? { unit: "final", code: line } : { name });
        if (name === "MQTTPUBLISH") expect(line).toMatch(new RegExp(`,${(unit as { text: string }).text}$`));
      }
    }
  });

  it("§3.2 and §3.3 run as typed operations too, each resolved by the broker's acknowledgement", async () => {
    await open();
    const settings = {
      ...{ host: "183.230.40.39", port: 6002, clientId: "4069959", keepAliveS: 60, username: "75829", password: "x" },
      ...{ cleanSession: true, ackTimeoutS: 10, pingEcho: false },
      will: { topic: "mywill", message: "001bye", qos: 1, retain: true },
    };
    await driver.configure(settings);
    expect(await driver.readConfig()).toMatchObject({ host: "183.230.40.39", clientId: "4069959", username: "75829" });
    await driver.connect();
    const messages = driver.messages();
    expect(await driver.subscribe("pyr", 1)).toEqual({ code: 1 });
    await driver.publish("dev/gsm/u", "abc", { qos: 1, retain: true });
    await driver.publish("pyr", Buffer.from("7E7A7A", "hex"), { qos: 1 });
    expect((await messages.next()).value).toMatchObject({ topic: "pyr", payload: Buffer.from("~zz") });
    expect(await driver.listSubscriptions()).toEqual([{ topic: "pyr", qos: 1 }]);
    await driver.publish("pyr", "abcdef", { qos: 2 });
    expect((await messages.next()).value).toMatchObject({ payload: Buffer.from("abcdef") });
    await driver.unsubscribe("pyr");
    await driver.publish("pyr", "abcdef", { qos: 1 });
    await driver.disconnect();
    await driver.destroy();
    expect(await driver.queryState()).toBe("uninitialized");
  });

  it("§3.4 is told with its cause at every step", async () => {
    await open({ timeScale: 40 });
    const told: unknown[] = [];
    driver.on("timeout", ({ type }) => told.push(`timeout ${type}`));
    driver.on("reconnect", ({ attempt }) => told.push(`reconnect ${attempt}`));
    await bring(BLOCKS.at(-1)?.before ?? []);
    driver.on("state", ({ to, cause }) => told.push(`${to} (${cause})`));
    module.fault("network-silent");
    await eventually(() => {
      expect(driver.state).toBe("disconnected");
    });
    expect(told).toEqual([
      ...["timeout 5", "timeout 5", "timeout 5"],
      ...["reconnecting (heartbeat-lost)", "reconnect 0", "reconnect 1", "reconnect 2"],
      "disconnected (heartbeat-lost)",
    ]);
  });
});
