import { eventually } from "@mn316-fleet/testkit";
import type { Duplex } from "node:stream";
import { CommandTimeoutError, ChannelClosedError, LineUnresponsiveError } from "../errors";
import type { Frame } from "../framing/framer";
import { memoryPair } from "../transports/memory-pair";
import { AtChannel } from "./at-channel";

const FAST = { barrierMs: 60, settleMs: 20, stallMs: 50 };

describe("AtChannel", () => {
  let channel: AtChannel;
  let module: Duplex;
  let received: string[];
  let unsolicited: Frame[];

  beforeEach(() => {
    const [host, far] = memoryPair();
    module = far;
    received = [];
    unsolicited = [];
    module.on("data", (chunk: Buffer) => received.push(chunk.toString()));
    channel = new AtChannel(host, { ...FAST, isUnsolicited: (line) => line.startsWith("+URC") });
    channel.on("unsolicited", (frame) => unsolicited.push(frame));
  });
  afterEach(() => {
    channel.close();
  });

  const sent = (text: string) => eventually(() => expect(received.join("")).toContain(text));

  it("gives the lines of an answer and its final result, without the echo", async () => {
    const answer = channel.command("AT+CSQ");
    await sent("AT+CSQ\r");
    module.write("AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n");
    expect(await answer).toMatchObject({ lines: ["+CSQ: 17,99"], final: { code: "OK" } });
  });

  it("keeps a URC apart, before, inside and behind an answer", async () => {
    const answer = channel.command("AT+X");
    await sent("AT+X\r");
    module.write("+URC:1\r\n+X:1\r\n+URC:2\r\nOK\r\n+URC:3\r\n");
    expect((await answer).lines).toEqual(["+X:1"]);
    expect(unsolicited).toEqual(["+URC:1", "+URC:2", "+URC:3"].map((line) => ({ kind: "line", line })));
  });

  it("has one command on the line at a time, and lets the more urgent go first", async () => {
    const commands = [channel.command("AT+1"), channel.command("AT+2"), channel.command("AT+3", { priority: 5 })];
    for (const command of ["AT+1", "AT+3", "AT+2"]) {
      await sent(`${command}\r`);
      expect(received.at(-1)).toBe(`${command}\r`);
      module.write("OK\r\n");
    }
    await Promise.all(commands);
  });

  it("never takes a late answer for the next command's: a bare AT stands between", async () => {
    const late = channel.command("AT+SLOW", { timeoutMs: 30 });
    const next = channel.command("AT+NEXT");
    await expect(late).rejects.toThrow(CommandTimeoutError);
    await sent("AT\r");
    expect(received.join("")).not.toContain("AT+NEXT");
    module.write("+SLOW:late\r\nOK\r\n"); // the late answer
    module.write("OK\r\n"); // the barrier's
    await sent("AT+NEXT\r");
    module.write("+NEXT:1\r\nOK\r\n");
    expect((await next).lines).toEqual(["+NEXT:1"]);
  });

  it("gives up on a line that does not even answer AT, and tries again with the next command", async () => {
    const dead = channel.command("AT+1", { timeoutMs: 20 });
    const waiting = channel.command("AT+2");
    await expect(dead).rejects.toThrow(CommandTimeoutError);
    await expect(waiting).rejects.toThrow(LineUnresponsiveError);
    const later = channel.command("AT+3");
    await sent("AT+3\r");
    module.write("OK\r\n");
    expect((await later).final).toEqual({ code: "OK" });
  });

  it("takes an aborted command out of the queue", async () => {
    const first = channel.command("AT+1");
    const abort = new AbortController();
    const second = channel.command("AT+2", { signal: abort.signal });
    abort.abort(new Error("changed my mind"));
    await expect(second).rejects.toThrow("changed my mind");
    await sent("AT+1\r");
    module.write("OK\r\n");
    await first;
    expect(received.join("")).not.toContain("AT+2");
  });

  it("rejects all that waits when the line ends", async () => {
    const commands = [channel.command("AT+1"), channel.command("AT+2")];
    module.destroy();
    for (const command of commands) await expect(command).rejects.toThrow(ChannelClosedError);
    await expect(channel.command("AT+3")).rejects.toThrow(ChannelClosedError);
  });
});
