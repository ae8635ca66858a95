import { Decoder } from "./decoder";

const KIB = 1_024;
const HEAD = "+MQTTPUBLISH:0,1,0,1,";

/** Streams made to cost a parser that looks again at what it has seen: each was quadratic in some way of reading. */
const HOSTILE: [string, string][] = [
  ["a head full of places for the length", `${HEAD}${"t,1".repeat(400)}`.repeat(200)],
  ["a head full of lengths still to come", `${HEAD}${"t,900,".repeat(200)}\r\n`.repeat(200)],
  ["one message of 64 KiB", `${HEAD}t,${60 * KIB},${"x".repeat(60 * KIB)}\r\n`.repeat(4)],
  ["lengths that are never kept", `${HEAD}t,60000,\r\n`.repeat(8 * KIB)],
  ["short lines where a long message was promised", `${HEAD}t,60000,${"\r\nx".repeat(21_000)}`.repeat(4)],
  ["a line that never ends", "x".repeat(256 * KIB)],
  ["numbers where a configuration is expected", `+MQTTCFG:${"1,".repeat(4_000)}\r\n`.repeat(32)],
  ["commas where a configuration is expected", `+MQTTCFG:${'",1,'.repeat(2_000)}***,1\r\n`.repeat(32)],
  ["digits without end", `+MQTTSUBACK:${"1".repeat(8_000)}\r\n`.repeat(32)],
  ["stars where a mask is expected", `+MQTTCFG:h,1,c,1,${'"****'.repeat(1_500)}\r\n`.repeat(32)],
  [
    "topics that many filters could take",
    `AT+MQTTSUB="a/+/${"b/".repeat(40)}#",1\r\n`
      .repeat(200)
      .concat(`${HEAD}${"a/b/,500,".repeat(120)}\r\n`.repeat(200)),
  ],
];

describe("a hostile stream", () => {
  it.each(HOSTILE)("of %s costs about as much a byte as any other, byte by byte", (_name, text) => {
    const bytes = Buffer.from(text);
    const decoder = new Decoder();
    const began = process.cpuUsage();
    for (let at = 0; at < bytes.length; at++) decoder.push(bytes.subarray(at, at + 1));
    decoder.end();
    const { user, system } = process.cpuUsage(began);
    const nsPerByte = ((user + system) * 1_000) / bytes.length;
    expect(nsPerByte).toBeLessThan(10_000);
  });

  it("holds no more memory than the longest message", () => {
    const decoder = new Decoder();
    decoder.push(Buffer.from(`${HEAD}t,65536,`));
    const before = process.memoryUsage();
    for (let count = 0; count < 2_000; count++) decoder.push(Buffer.alloc(8 * KIB, "x"));
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * KIB * KIB);
  });
});
