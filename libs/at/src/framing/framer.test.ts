import fc from "fast-check";
import { type Frame, Framer } from "./framer";

const feed = (framer: Framer, chunks: readonly Uint8Array[]): Frame[] => chunks.flatMap((chunk) => framer.push(chunk));
const bytewise = (text: string) => [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
const lines = (frames: readonly Frame[]) => frames.map((frame) => (frame.kind === "line" ? frame.line : frame));

describe("Framer", () => {
  it.each([
    ["CR LF around each line", "\r\nOK\r\n\r\n+CSQ: 1,99\r\n", ["OK", "+CSQ: 1,99"]],
    ["an echo that ends with CR alone", "AT+CSQ\r\r\n+CSQ: 1,99\r\n", ["AT+CSQ", "+CSQ: 1,99"]],
    ["a line without its leading CR LF", "OK\r\n+MQTTTO:5\r\n", ["OK", "+MQTTTO:5"]],
    ["NULs between and inside lines", "\0\0\r\nO\0K\r\n", ["OK"]],
    ["LF alone", "a\nb\n", ["a", "b"]],
  ])("cuts %s, in one piece and byte by byte", (_name, text, expected) => {
    expect(lines(new Framer().push(Buffer.from(text)))).toEqual(expected);
    expect(lines(feed(new Framer(), bytewise(text)))).toEqual(expected);
  });

  it("keeps an unfinished line until it is told that nothing more comes", () => {
    const framer = new Framer();
    expect(framer.push(Buffer.from("+MQTT"))).toEqual([]);
    expect(framer.isPending).toBe(true);
    expect(framer.stall()).toEqual([{ kind: "line", line: "+MQTT" }]);
    expect(framer.isPending).toBe(false);
  });

  it("tells an overlong line by its begin and is in step again behind it", () => {
    const framer = new Framer({ maxLineBytes: 16 });
    const frames = feed(framer, [Buffer.alloc(1_000, "x"), Buffer.alloc(1_000, "y"), Buffer.from("\r\nOK\r\n")]);
    expect(frames).toEqual([
      { kind: "overlong", line: "x".repeat(16) },
      { kind: "line", line: "OK" },
    ]);
  });

  it("gives the same frames for any chunking of any bytes, and holds no more than a line", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(chunks, (parts) => {
        const options = { maxLineBytes: 20 };
        const whole = new Framer(options);
        const expected = [...whole.push(Buffer.concat(parts)), ...whole.stall()];
        const split = new Framer(options);
        expect([...feed(split, parts), ...split.stall()]).toEqual(expected);
        expect(split.isPending).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
