import { eventually, type Mosquitto, mosquittoPath, startMosquitto, suiteWith } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { connectAsync, type MqttClient } from "mqtt";
import { ConnectError } from "../driver/errors";
import { Mn316 } from "../driver/mn316";
import type { Message } from "../driver/options";
import type { MqttSettings } from "../driver/settings";

const program = mosquittoPath();
const SETTINGS: MqttSettings = {
  ...{ host: "broker.example", port: 1883, clientId: "pair", keepAliveS: 60, cleanSession: true },
  ...{ ackTimeoutS: 10, pingEcho: false },
};
const QOS = [0, 1, 2] as const;
/** Of a client that has more QoS 2 messages under way than this, Mosquitto acknowledges the rest and loses them. */
const MANY = 20;
const PAYLOADS: [string, Buffer][] = [
  ["text", Buffer.from("plain text, with commas")],
  ["what looks like the module's own lines", Buffer.from('a\r\nOK\r\n+MQTTDISC:OK\r\n"')],
  ["every byte there is", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ["nothing", Buffer.alloc(0)],
];

suiteWith(program === undefined ? "driver and virtual module against a real broker: no mosquitto here" : undefined)(
  "driver and virtual module against Mosquitto",
  () => {
    let broker: Mosquitto;
    let peer: MqttClient;
    let heard: { topic: string; payload: string; qos: number; retain: boolean }[];
    let module: VirtualMn316;
    let driver: Mn316;
    let messages: Message[];
    let clients = 0;

    beforeAll(async () => {
      broker = await startMosquitto(program ?? "");
    });
    afterAll(() => broker.stop());

    beforeEach(async () => {
      peer = await connectAsync(broker.url);
      heard = [];
      peer.on("message", (topic, payload, { qos, retain }) =>
        heard.push({ topic, payload: payload.toString("hex"), qos, retain }),
      );
      messages = [];
      module = new VirtualMn316({ broker: broker.url });
      driver = new Mn316(module.stream);
      driver.on("message", (message) => messages.push(message));
      await driver.start();
    });
    afterEach(async () => {
      driver.close();
      module.destroy();
      await peer.endAsync(true);
    });

    async function connect(change: Partial<MqttSettings> = {}): Promise<void> {
      await driver.configure({ ...SETTINGS, clientId: `pair-${++clients}`, ...change });
      await driver.connect();
    }
    const peerHears = (expected: object) => eventually(() => expect(heard).toContainEqual(expected));
    const driverHears = (expected: object) =>
      eventually(() => expect(messages).toContainEqual(expect.objectContaining(expected)));

    describe.each(QOS)("at QoS %i", (qos) => {
      it.each(PAYLOADS)("passes %s both ways", async (_name, payload) => {
        const [up, down] = [`pair/up/${qos}`, `pair/down/${qos}/a,7,b`];
        await connect();
        await peer.subscribeAsync(up, { qos });
        expect(await driver.subscribe(down, qos)).toEqual({ code: qos });
        await driver.publish(up, payload, { qos });
        await peerHears({ topic: up, payload: payload.toString("hex"), qos, retain: false });
        await peer.publishAsync(down, payload, { qos });
        await driverHears({ topic: down, qos, retained: false, payload });
      });

      it("passes many at once, in order and each once", async () => {
        const texts = Array.from({ length: MANY }, (_, index) => `message ${index}`);
        await connect();
        await peer.subscribeAsync("pair/many", { qos });
        await driver.subscribe("pair/back", qos);
        await Promise.all([
          ...texts.map((text) => driver.publish("pair/many", text, { qos })),
          ...texts.map((text) => peer.publishAsync("pair/back", text, { qos })),
        ]);
        await eventually(() => {
          expect(heard.map(({ payload }) => Buffer.from(payload, "hex").toString())).toEqual(texts);
          expect(messages.map(({ payload }) => payload.toString())).toEqual(texts);
        });
      });

      it("delivers the will when the link is cut, and none after a disconnect in order", async () => {
        const will = { topic: `pair/will/${qos}`, message: "001bye", qos, retain: false };
        const expected = { topic: will.topic, payload: Buffer.from(will.message).toString("hex"), qos, retain: false };
        await peer.subscribeAsync(will.topic, { qos });
        await connect({ will });
        await driver.disconnect();
        await driver.destroy();
        await connect({ will });
        await peer.publishAsync(will.topic, "still there", { qos: 2 });
        await eventually(() => expect(heard).toHaveLength(1)); // nothing before it: the first connection left in order
        module.fault("network-down");
        await peerHears(expected);
      });
    });

    it("retains what it is told to, and tells a retained message from a new one", async () => {
      await connect();
      await driver.publish("pair/retained", "kept", { qos: 1, retain: true });
      await peer.subscribeAsync("pair/retained", { qos: 1 });
      await peerHears({ topic: "pair/retained", payload: Buffer.from("kept").toString("hex"), qos: 1, retain: true });
      await driver.subscribe("pair/retained", 1);
      await driverHears({ topic: "pair/retained", retained: true, payload: Buffer.from("kept") });
      await driver.publish("pair/retained", "newer", { qos: 1 });
      await driverHears({ topic: "pair/retained", retained: false, payload: Buffer.from("newer") });
      await driver.publish("pair/retained", "", { qos: 1, retain: true });
    });

    it("retains a will", async () => {
      const will = { topic: "pair/last-words", message: "gone", qos: 1, retain: true };
      await connect({ will });
      module.restart();
      await eventually(async () => {
        await peer.subscribeAsync(will.topic, { qos: 1 });
        expect(heard).toContainEqual(expect.objectContaining({ topic: will.topic, retain: true }));
      });
      await peer.publishAsync(will.topic, "", { retain: true });
    });

    it.each([
      ["keeps the session that is not to be cleaned: what came meanwhile is delivered", false, ["meanwhile", "after"]],
      ["forgets a clean session", true, ["after"]],
    ])("%s", async (_name, cleanSession, expected) => {
      const topic = `pair/session/${cleanSession}`;
      await connect({ cleanSession });
      await driver.subscribe(topic, 1);
      await driver.disconnect();
      await peer.publishAsync(topic, "meanwhile", { qos: 1 });
      await driver.connect();
      await driver.subscribe(topic, 1);
      await peer.publishAsync(topic, "after", { qos: 1 });
      await eventually(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(expected));
    });

    it("is told of a broker that is not there", async () => {
      await driver.configure({ ...SETTINGS, host: "127.0.0.1", port: 1 });
      await expect(driver.connect()).rejects.toThrow(ConnectError);
    });
  },
);
