import { PassThrough } from "node:stream";
import { pino } from "pino";
import { type ListedPort, PortFinder, type PortFinderOptions, type PortIdentity } from "./port-finder";

describe("finding a serial port again", () => {
  let ports: ListedPort[];
  let remembered: PortIdentity | undefined;
  let opened: string[];

  beforeEach(() => {
    remembered = undefined;
    opened = [];
    ports = [adapter("/dev/ttyUSB0", "A1"), adapter("/dev/ttyUSB1", "B2")];
  });

  const adapter = (path: string, serialNumber?: string): ListedPort => ({
    ...{ path, serialNumber, vendorId: "0403", productId: "6001" },
  });
  const finder = (options: Partial<PortFinderOptions> = {}) =>
    new PortFinder({
      port: "/dev/ttyUSB0",
      baudRate: 9600,
      known: remembered,
      remember: (identity) => {
        remembered = identity;
        return Promise.resolve();
      },
      log: pino({ level: "silent" }),
      list: () => Promise.resolve(ports),
      open: (port) => {
        if (!ports.some(({ path }) => path === port)) return Promise.reject(new Error(`no such port ${port}`));
        opened.push(port);
        return Promise.resolve(new PassThrough());
      },
      ...options,
    });

  it("follows a device that comes back under another name, also after a restart", async () => {
    const first = finder();
    await first.open();
    expect(remembered).toEqual({ serialNumber: "A1", vendorId: "0403", productId: "6001" });
    ports = [adapter("/dev/ttyUSB1", "B2"), adapter("/dev/ttyUSB7", "A1")];
    await first.open();
    await finder().open();
    expect(opened).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB7", "/dev/ttyUSB7"]);
  });

  it("takes no other device for it, and none where two look alike", async () => {
    const first = finder();
    await first.open();
    ports = [adapter("/dev/ttyUSB1", "B2")];
    await expect(first.open()).rejects.toThrow(/no such port/);
    ports = [adapter("/dev/ttyUSB3", "A1"), adapter("/dev/ttyUSB4", "A1")];
    await expect(first.open()).rejects.toThrow(/no such port/);
  });

  it("remembers nothing of a device without a serial number", async () => {
    ports = [adapter("/dev/ttyUSB0")];
    const first = finder();
    await first.open();
    expect(remembered).toBeUndefined();
    ports = [adapter("/dev/ttyUSB1")];
    await expect(first.open()).rejects.toThrow(/no such port/);
  });

  it("does not look elsewhere while the port is there and something else is wrong", async () => {
    const first = finder();
    await first.open();
    const busy = finder({ known: remembered, open: () => Promise.reject(new Error("it is locked")) });
    await expect(busy.open()).rejects.toThrow(/locked/);
  });

  it("does without a list where the system gives none", async () => {
    await finder({ list: () => Promise.reject(new Error("no udev")) }).open();
    expect(opened).toEqual(["/dev/ttyUSB0"]);
  });
});
