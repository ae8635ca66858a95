import { Decoder, type Unit } from "@mn316-fleet/mn316";
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { type FuzzTarget, tryInputs } from "../fuzz-target";

/** Half and whole sentences of the module, of which a stream may be pieced together in any order. */
const SENTENCES = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  "OK\r\n",
  "\r\nERROR\r\n",
  "+CME ERROR: 3\r\n",
  "+CSQ:20,99\r\n",
  "AT+MQTTSUB=",
  'AT+MQTTSUB="a/+/b",1\r\n',
  "+MQTTSUBACK:1,1,a/+/b\r\n",
  "+MQTTCFG:h,1883,id,60,u,***,1,0\r\n",
  '+MQTTCFG:"',
  "+MQTTPUBLISH:",
  "+MQTTPUBLISH:0,1,0,1,",
  "+MQTTPUBLISH:0,1,0,1,t,5,hello\r\n",
  "+MQTTPUBLISH:0,1,0,1,t,5,he",
  "+MQTTPUBLISH:0,1,0,1,a,1,b,2,",
  "+MQTTPUBLISH:0,1,0,1,t,65536,",
  "+MQTTPUBLISH:0,1,0,1,t,0,\r\n",
  "+MQTTPUBLISH:0,1,0,1,a/x/b,3,abc",
  "+MQTTTO:3\r\n",
  "+MQTTREC:2\r\n",
  "+MQTTSTAT:5\r\n",
  "+MQTTOPEN:",
  "999999999999999999999",
  ",",
  '"',
  "-1",
  "\xff\xfe",
  "x".repeat(9_000),
];

const streams = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...SENTENCES).map((text) => Buffer.from(text, "latin1")) },
      { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
      {
        weight: 1,
        arbitrary: fc.nat(70_000).map((length) => Buffer.alloc(length % 7 === 0 ? length : length % 50, "y")),
      },
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

/** What comes over the serial line: never a throw, and the same units however the bytes are cut. */
export const serial: FuzzTarget = {
  inputs: "streams of bytes and half sentences, each cut in two ways",
  runs: 20_000,
  fuzz: (options) =>
    tryInputs(
      fc.tuple(streams, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 })),
      options,
      ([bytes, cuts]) => {
        const whole = decoded(bytes, [bytes.length || 1]);
        const cut = decoded(bytes, cuts);
        if (!isDeepStrictEqual(whole, cut))
          throw new Error(`as one chunk ${JSON.stringify(whole)}, in pieces ${JSON.stringify(cut)}`);
        const told = whole.reduce((sum, unit) => sum + JSON.stringify(unit).length, 0);
        if (told > 100_000 + 20 * bytes.length) throw new Error(`${bytes.length} bytes became ${told}`);
      },
    ),
};

/** @param cuts lengths of the pieces, over and over */
function decoded(bytes: Buffer, cuts: readonly number[]): Unit[] {
  const decoder = new Decoder();
  const units: Unit[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = cuts[index % cuts.length] ?? 1;
    units.push(...decoder.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return [...units, ...decoder.end()];
}
