import { Decoder } from "@mn316-fleet/mn316";
import { ReadlineParser } from "@serialport/parser-readline";
import { performance } from "node:perf_hooks";
import { type Bench, rounded } from "./figure";

const STREAM_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 64;
const ROUNDS = 5;
const COUNTED_CHUNKS = 5_000;
const SAMPLE = [
  '\r\n+MQTTPUBLISH:0,1,0,12,plant/7/pump/3/state,46,{"on":true,"flow":12.5,"unit":"m3/h","seq":1041}\r\n',
  "\r\n+MQTTPUBACK:2,0\r\n",
  "\r\n+MQTTPINGRESP:OK\r\n",
  "\r\nOK\r\n",
  "\r\n+CSQ: 17,99\r\n\r\nOK\r\n",
  "\r\n+MQTTSUBACK:1,1,plant/7/#\r\n",
  "\r\n+MQTTPUBREC:3,0\r\n\r\n+MQTTPUBREL:3,0\r\n\r\n+MQTTPUBCOMP:3,0\r\n",
  "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n",
  "\r\n+MQTTTO:5\r\n\r\n+MQTTREC:0\r\n",
].join("");

/**
 * Bytes of a serial line to typed units with all their fields, in the small chunks of a serial port, beside
 * `@serialport/parser-readline`, which only cuts the same stream into lines.
 */
export const decodeBench: Bench = async () => {
  const stream = Buffer.from(SAMPLE.repeat(Math.ceil(STREAM_BYTES / SAMPLE.length)));
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES));
  const lines = stream
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "\r" && line !== "").length;

  const megabytesPerSecond = (seconds: number) => stream.length / 1e6 / seconds;
  const ours = await best(async () => {
    const decoder = new Decoder();
    let units = 0;
    for (const chunk of chunks) units += decoder.push(chunk).length;
    units += decoder.end().length;
    if (units !== lines) throw new Error(`decoded ${units} units of ${lines} lines`);
    return Promise.resolve();
  });
  const theirs = await best(async () => {
    const parser = new ReadlineParser({ delimiter: "\r\n" });
    let seen = 0;
    parser.on("data", () => seen++);
    for (const chunk of chunks) if (!parser.write(chunk)) await new Promise((resolve) => parser.once("drain", resolve));
    await new Promise<void>((resolve) => parser.end(resolve));
    if (seen === 0) throw new Error("the readline parser gave no line");
  });

  const value = megabytesPerSecond(ours);
  const baseline = megabytesPerSecond(theirs);
  return [
    {
      bench: "decode",
      value: rounded(value),
      unit: "MB/s",
      baseline: rounded(baseline),
      baselineIs: `@serialport/parser-readline on the same stream, lines only, ${CHUNK_BYTES}-byte chunks`,
      ratio: rounded(value / baseline),
      linesPerSecond: Math.round(lines / ours),
      heapBytesPerLine: rounded(heapBytesPerLine(chunks)),
    },
  ];
};

/** What one line allocates on the heap, over so few lines that no collection comes between. */
function heapBytesPerLine(chunks: readonly Buffer[]): number {
  if (!globalThis.gc) throw new Error("run Node with --expose-gc: memory is measured behind a collection");
  const decoder = new Decoder();
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  let units = 0;
  for (const chunk of chunks.slice(0, COUNTED_CHUNKS)) units += decoder.push(chunk).length;
  return (process.memoryUsage().heapUsed - before) / units;
}

/** The fastest of some rounds in seconds: what else the machine does only ever slows one down. */
async function best(work: () => Promise<void>): Promise<number> {
  let seconds = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await work();
    seconds = Math.min(seconds, (performance.now() - began) / 1_000);
  }
  return seconds;
}
