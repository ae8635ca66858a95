import { memoryPair, openTransport } from "@mn316-fleet/at";
import { eventually, openPty, startTestBroker, suiteWith, type TestBroker, whyNoPty } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { createServer, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Mn316 } from "../driver/mn316";
import type { Mn316Options } from "../driver/options";

const SETTINGS = {
  ...{ host: "broker.example", port: 1883, clientId: "lines", keepAliveS: 60, cleanSession: true },
  ...{ ackTimeoutS: 10, pingEcho: false },
};
const BIG = Buffer.from(Array.from({ length: 1_800 }, (_, index) => index % 256));

/** Of a line: how to open its host's end, again where that can be. */
interface Line {
  open: () => Promise<Duplex>;
  close: () => Promise<void> | void;
}

type LineMaker = (module: VirtualMn316, baudRate: number) => Promise<Line>;

const overPty: LineMaker = (module, baudRate) => {
  const pty = openPty();
  module.attach(pty.stream);
  return Promise.resolve({ open: () => openTransport(pty.path, { baudRate }), close: () => pty.close() });
};

const overTcp: LineMaker = async (module) => {
  const server = createServer((socket) => {
    module.attach(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    open: () => openTransport(`tcp://127.0.0.1:${port}`),
    close: () =>
      new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      ),
  };
};

const overMemory: LineMaker = (module) =>
  Promise.resolve({
    open: () => {
      const [host, far] = memoryPair();
      module.attach(far);
      return Promise.resolve(host);
    },
    close: () => undefined,
  });

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker.stop());

/** What every line has to carry. */
function carries(make: LineMaker, baudRate: number, options: Mn316Options = {}): void {
  let module: VirtualMn316;
  let line: Line;

  beforeEach(async () => {
    // A terminal knows no rate of its own: the module takes the time that 9600 baud take.
    module = new VirtualMn316({ broker: broker.url, dialects: baudRate === 9_600 ? ["9600-baud"] : [] });
    line = await make(module, baudRate);
  });
  afterEach(async () => {
    module.destroy();
    await line.close();
  });

  it("a session with long binary messages, and another one after it", async () => {
    for (let round = 0; round < 2; round++) {
      const driver = new Mn316(await line.open(), { baudRate, ...options });
      const messages = driver.messages();
      await driver.start();
      if (round === 0) await driver.configure(SETTINGS);
      else driver.assume(SETTINGS, []);
      await driver.connect();
      await driver.subscribe("lines/#", 1);
      await driver.publish("lines/long", BIG, { qos: 1 });
      expect((await messages.next()).value).toMatchObject({ topic: "lines/long", payload: BIG });
      await driver.disconnect();
      driver.close();
      await eventually(async () => {
        expect((await messages.next()).done).toBe(true);
      });
    }
  }, 60_000);
}

suiteWith(whyNoPty())("a real pseudo-terminal with the real serialport", () => {
  describe("at 115200 baud carries", () => {
    carries(overPty, 115_200);
  });
  describe("at 9600 baud carries", () => {
    carries(overPty, 9_600);
  });

  it("is given back when the driver closes, so that it can be opened again", async () => {
    const pty = openPty();
    for (let round = 0; round < 3; round++) {
      const stream = await openTransport(pty.path);
      new Mn316(stream).close();
      await eventually(() => {
        expect((stream as Duplex & { isOpen: boolean }).isOpen).toBe(false);
      });
    }
    pty.close();
  });
});

describe("a TCP serial server carries", () => {
  carries(overTcp, 115_200);
});

describe("a line in memory carries", () => {
  carries(overMemory, 115_200);
});

describe("a slow line", () => {
  it("takes longer for a command than its bound, and the driver allows for that", async () => {
    const module = new VirtualMn316({ broker: broker.url, dialects: ["9600-baud"] });
    const driver = new Mn316(module.stream, { baudRate: 9_600, commandTimeoutMs: 3_000 });
    await driver.start();
    await driver.configure({ ...SETTINGS, clientId: "slow" });
    await driver.connect();
    const began = Date.now();
    await driver.publish("slow", BIG, { qos: 0 }); // some 3,640 characters: 3.8 s on the wire
    expect(Date.now() - began).toBeGreaterThan(3_000);
    driver.close();
    module.destroy();
  });
});
