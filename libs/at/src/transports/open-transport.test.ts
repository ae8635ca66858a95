import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { TransportError } from "../errors";
import { openTransport } from "./open-transport";

const closed = (stream: { once(event: "close", listener: () => void): unknown }) =>
  new Promise<void>((resolve) => stream.once("close", resolve));
/** A fresh pseudo-terminal for each descriptor that opens it; only its being a terminal matters here. */
const PTY = "/dev/ptmx";
const itWithPty = existsSync(PTY) ? it : it.skip;

describe("openTransport", () => {
  it.each([
    ["/dev/no-such-port", "/dev/no-such-port"],
    ["http://host:1", "expected a serial port's path or tcp://host:port"],
    ["tcp://127.0.0.1:1", "ECONNREFUSED"],
  ])("says why it cannot open %s", async (address, reason) => {
    await expect(openTransport(address, { connectTimeoutMs: 1_000 })).rejects.toThrow(TransportError);
    await expect(openTransport(address, { connectTimeoutMs: 1_000 })).rejects.toThrow(reason);
  });

  it("opens a serial server, and either side ends it", async () => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const stream = await openTransport(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const echo = new Promise((resolve) => stream.once("data", resolve));
    stream.write("AT\r");
    expect(String(await echo)).toBe("AT\r");
    stream.destroy();
    await closed(stream);
    server.close();
  });

  itWithPty("closes the device of a stream that is destroyed, so that it can be opened again", async () => {
    for (let round = 0; round < 3; round++) {
      const stream = await openTransport(PTY);
      const end = closed(stream);
      stream.destroy();
      await end;
      expect((stream as unknown as { isOpen: boolean }).isOpen).toBe(false);
    }
  });
});
