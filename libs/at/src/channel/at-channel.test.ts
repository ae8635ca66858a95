import { eventually, ManualClock } from "@mn316-fleet/testkit";
import type { Duplex } from "node:stream";
import { CommandTimeoutError, ChannelClosedError, LineUnresponsiveError } from "../errors";
import type { Frame } from "../framing/framer";
import { memoryPair } from "../transports/memory-pair";
import { AtChannel, type ChannelOptions } from "./at-channel";

const FAST = { barrierMs: 60, settleMs: 20, stallMs: 50 };

describe("AtChannel", () => {
  let channel: AtChannel;
  let module: Duplex;
  let received: string[];
  let unsolicited: Frame[];

  beforeEach(() => {
    open();
  });
  afterEach(() => {
    channel.close();
  });

  function open(options: ChannelOptions = {}): void {
    const [host, far] = memoryPair();
    module = far;
    received = [];
    unsolicited = [];
    module.on("data", (chunk: Buffer) => received.push(chunk.toString()));
    channel = new AtChannel(host, { ...FAST, isUnsolicited: (line) => line.startsWith("+URC"), ...options });
    channel.on("unsolicited", (frame) => unsolicited.push(frame));
  }

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

  it("never takes what came with one answer for the next command's", async () => {
    const commands = [channel.command("AT+1"), channel.command("AT+2")];
    await sent("AT+1\r");
    module.write("+1:1\r\nOK\r\nOK\r\n+2:stray\r\nERROR\r\n");
    await sent("AT+2\r");
    module.write("+2:2\r\nOK\r\n");
    expect((await Promise.all(commands)).map(({ lines }) => lines)).toEqual([["+1:1"], ["+2:2"]]);
  });

  it("tells a late answer from that of its barrier, however far apart they come", async () => {
    open({ barrierMs: 2_000 });
    const late = channel.command("AT+SLOW", { timeoutMs: 30 });
    const next = channel.command("AT+NEXT");
    await expect(late).rejects.toThrow(CommandTimeoutError);
    await sent("AT\r");
    module.write("\r\n+SLOW:late\r\n\r\nOK\r\n"); // longer apart than the quiet behind an OK
    module.write("\r\n+CME ERROR: 3\r\n");
    await new Promise((resolve) => setTimeout(resolve, 3 * FAST.settleMs));
    expect(received.join("")).not.toContain("AT+NEXT");
    module.write("\r\nOK\r\n");
    await sent("AT+NEXT\r");
    module.write("OK\r\n");
    expect((await next).lines).toEqual([]);
  });

  it("cuts a unit that is half received before a command, lest it swallow the answer", async () => {
    open({ stallMs: 60_000, staleMs: 30 });
    module.write("+URC:half");
    await new Promise((resolve) => setTimeout(resolve, 60));
    const answer = channel.command("AT+CSQ", { timeoutMs: 2_000 });
    await sent("AT+CSQ\r");
    module.write("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    expect((await answer).lines).toEqual(["+CSQ:1,99"]);
    expect(unsolicited).toEqual([{ kind: "line", line: "+URC:half" }]);
  });

  it("sacrifices an AT after a long quiet, and another where the first was lost", async () => {
    open({ sleepsAfterMs: 20, wakeMs: 500 });
    await new Promise((resolve) => setTimeout(resolve, 40));
    const answer = channel.command("AT+CSQ");
    await eventually(() => expect(received).toEqual(["AT\r", "AT\r"]));
    module.write("\r\nOK\r\n");
    await sent("AT+CSQ\r");
    module.write("\r\nOK\r\n");
    await answer;
    expect(received).toHaveLength(3);
  });

  it("sends the command even to a module that answers no sacrificial AT", async () => {
    open({ sleepsAfterMs: 1, wakeMs: 10 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const answer = channel.command("AT+CSQ");
    await sent("AT+CSQ\r");
    module.write("\r\nOK\r\n");
    expect((await answer).final).toEqual({ code: "OK" });
  });

  it("allows for the time that a command and what the module says take on a slow line", async () => {
    const clock = new ManualClock();
    open({ baudRate: 9_600, clock });
    let ended: unknown;
    // 1,000 bytes take 1,042 ms at 9600 baud.
    channel.command(`AT+${"X".repeat(996)}`, { timeoutMs: 100 }).catch((error: unknown) => (ended = error));
    clock.advance(1_100);
    await turn();
    expect(ended).toBeUndefined();
    module.write(`+URC:${"x".repeat(91)}\r\n`); // 98 bytes, another 102 ms, of which no more than the bound counts
    await eventually(() => expect(unsolicited).toHaveLength(1));
    clock.advance(100);
    await turn();
    expect(ended).toBeUndefined();
    clock.advance(100);
    await eventually(() => expect(ended).toBeInstanceOf(CommandTimeoutError));
  });

  it("names a command in errors without its arguments, which may hold a password", async () => {
    const timedOut = channel.command('AT+MQTTCFG="h",1,"c",60,"u","secret",1', { timeoutMs: 20 });
    const waiting = channel.command('AT+MQTTCFG="h",1,"c",60,"u","secret",1');
    for (const error of await Promise.all([timedOut, waiting].map((each) => each.catch((reason: unknown) => reason)))) {
      expect(error).toMatchObject({ command: "AT+MQTTCFG" });
      expect(`${String(error)}${JSON.stringify(error)}`).not.toContain("secret");
    }
  });

  it("keeps a bounded part of an answer that never ends", async () => {
    const answer = channel.command("AT+X");
    await sent("AT+X\r");
    for (let count = 0; count < 300; count++) module.write(`${"x".repeat(1_000)}\r\n`);
    module.write("OK\r\n");
    expect((await answer).lines.join("").length).toBeLessThanOrEqual(131_072);
  });

  it("writes each command in one piece, for some modules drop a line that pauses", async () => {
    const writes: string[] = [];
    const [host] = memoryPair();
    const write = host.write.bind(host);
    host.write = ((chunk: string, ...rest: unknown[]) => {
      writes.push(chunk);
      return (write as (...args: unknown[]) => boolean)(chunk, ...rest);
    }) as typeof host.write;
    const alone = new AtChannel(host, FAST);
    alone.command(`AT+X="${"y".repeat(3_900)}"`).catch(() => undefined);
    await turn();
    expect(writes).toEqual([`AT+X="${"y".repeat(3_900)}"\r`]);
    alone.close();
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
