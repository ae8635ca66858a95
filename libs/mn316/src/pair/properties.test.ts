import { memoryPair } from "@mn316-fleet/at";
import { startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import fc from "fast-check";
import type { Duplex } from "node:stream";
import { Mn316 } from "../driver/mn316";
import type { Message } from "../driver/options";

/** Between module and driver: cuts what the module says into pieces, and can say something itself. */
class Line {
  readonly host: Duplex;
  chunkBytes = Infinity;
  private readonly inner: Duplex;

  constructor(module: Duplex) {
    [this.host, this.inner] = memoryPair();
    module.on("data", (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += this.chunkBytes) this.say(bytes.subarray(at, at + this.chunkBytes));
    });
    this.inner.on("data", (bytes: Buffer) => module.write(bytes));
    this.inner.on("error", () => undefined);
  }

  say(bytes: Uint8Array): void {
    this.inner.write(bytes);
  }
}

const SETTINGS = {
  ...{ host: "broker.example", port: 1883, clientId: "properties", keepAliveS: 60, cleanSession: true },
  ...{ ackTimeoutS: 10, pingEcho: false },
};

/** Any topic that goes into an AT command, those that look like the fields around them more often. */
const topics = fc
  .oneof(
    fc.stringMatching(/^[\x20-\x21\x24-\x2a\x2c-\x7e]{1,60}$/),
    fc.stringMatching(/^[a-c0-9,/]{1,30}$/),
    fc.stringMatching(/^(t?,[0-9]{1,2}){1,6}$/),
  )
  .filter((topic) => !topic.startsWith("$") && topic.trim() !== "");
/** Any message, those that look like what the module says more often. */
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .stringMatching(/^([0-9]{1,2},|\r\n|OK|\+MQTTPUBLISH:0,1,0,1,t,3,|ERROR|"|abc){0,12}$/)
    .map((text) => Buffer.from(text)),
);

/** All that was put on the line in memory has passed, and what that led to as well. */
async function said(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("driver and virtual module, whatever passes between them", () => {
  let broker: TestBroker;
  let module: VirtualMn316;
  let line: Line;
  let driver: Mn316;
  let messages: AsyncIterableIterator<Message>;

  beforeAll(async () => {
    broker = await startTestBroker();
    module = new VirtualMn316({ broker: broker.url, keptCommands: 10 });
    line = new Line(module.stream);
    driver = new Mn316(line.host, { stallMs: 150 });
    await driver.start();
    await driver.configure(SETTINGS);
    await driver.connect();
    messages = driver.messages();
  });
  afterAll(async () => {
    driver.close();
    module.destroy();
    await broker.stop();
  });

  it("any message on any topic survives publish → broker → URC, for any chunking of the line", async () => {
    const chunkings = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 200 }));
    await fc.assert(
      fc.asyncProperty(
        topics,
        payloads,
        chunkings,
        fc.integer({ min: 0, max: 2 }),
        async (topic, bytes, chunk, qos) => {
          line.chunkBytes = chunk;
          await driver.subscribe(topic, 2);
          await driver.publish(topic, bytes, { qos });
          const { value } = (await messages.next()) as { value: Message };
          await driver.unsubscribe(topic);
          expect(value.topic).toBe(topic);
          expect(value.qos).toBe(qos);
          expect(Buffer.compare(value.payload, Buffer.from(bytes))).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);

  it("any bytes on the line cost at most one command, and neither memory nor the connection", async () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.stringMatching(/^[\x20-\x7e\r\n]{0,80}$/).map((text) => Buffer.from(text)),
      fc
        .stringMatching(/^\r?\n?\+MQTTPUBLISH:[01],[0-2],[01],\d{1,5},[a-z,/]{1,9},\d{1,5},[a-z\r\n]{0,40}$/)
        .map((text) => Buffer.from(text)),
      fc.constantFrom("\r\n+CSQ:", "OK", "AT+CS", "+CME ERROR: ", "\0\0\0", "\r\r\n").map((text) => Buffer.from(text)),
    );
    line.chunkBytes = Infinity;
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 5 }), async (parts) => {
        const damaged = driver.exec("AT", { timeoutMs: 5_000 }).catch(() => undefined);
        for (const part of parts) line.say(part);
        await Promise.all([damaged, said()]);
        // In step again: this command gets its own answer.
        expect(await driver.signal()).toMatchObject({ rssi: expect.any(Number), ber: 0 });
      }),
      { numRuns: 80 },
    );
    expect(await driver.queryState()).toBe("connected");
    await driver.publish("still/there", "x", { qos: 1 });
  }, 240_000);
});
