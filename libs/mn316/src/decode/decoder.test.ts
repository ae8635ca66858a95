import fc from "fast-check";
import { Decoder } from "./decoder";
import type { Unit } from "./units";

const decode = (bytes: Uint8Array | string, chunkBytes = Infinity): Unit[] => {
  const decoder = new Decoder();
  const buffer = Buffer.from(bytes as Uint8Array);
  const units: Unit[] = [];
  for (let start = 0; start < buffer.length; start += chunkBytes)
    units.push(...decoder.push(buffer.subarray(start, start + chunkBytes)));
  return [...units, ...decoder.end()];
};
const publish = (topic: string, text: string, rest: Record<string, unknown> = {}) => ({
  unit: "urc",
  name: "MQTTPUBLISH",
  dup: 0,
  qos: 1,
  retained: 0,
  packId: 1,
  topic,
  msgLen: Buffer.byteLength(text),
  text,
  ...rest,
});
const OK = { unit: "final", code: "OK" };
const ack = (name: string, packId: number, dup = 0) => ({ unit: "urc", name, packId, dup });

/** The example blocks of the manual's chapters 2 and 3, as the module writes them, and what real modules add. */
const VECTORS: [string, string, unknown[]][] = [
  [
    "§2.1 the configuration, password masked",
    "\r\n+MQTTCFG:183.230.40.39,6002,4069959,60,75829,***,1,0\r\n\r\nOK\r\n",
    [
      {
        unit: "response",
        name: "MQTTCFG",
        ...{ host: "183.230.40.39", port: 6002, id: "4069959", keepAlive: 60, user: "75829", clean: 1, encrypt: 0 },
      },
      OK,
    ],
  ],
  [
    "§2.1 the same in quotes",
    '+MQTTCFG:"h,x",1,"a,b",60,"","*****",0,0\r\n',
    [
      {
        unit: "response",
        name: "MQTTCFG",
        ...{ host: "h,x", port: 1, id: "a,b", keepAlive: 60, user: "", clean: 0, encrypt: 0 },
      },
    ],
  ],
  ["§2.2 connected", "OK\r\n+MQTTOPEN:OK\r\n", [OK, { unit: "urc", name: "MQTTOPEN", result: "OK" }]],
  ["§2.2 refused", "+MQTTOPEN:FAIL\r\n", [{ unit: "urc", name: "MQTTOPEN", result: "FAIL" }]],
  ["§2.3 the state", "+MQTTSTAT:5\r\nOK\r\n", [{ unit: "response", name: "MQTTSTAT", stat: 5 }, OK]],
  [
    "§2.4 subscribed",
    "OK\r\n+MQTTSUBACK:7,2,dev/gsm\r\n",
    [OK, { unit: "urc", name: "MQTTSUBACK", packId: 7, code: 2, topic: "dev/gsm" }],
  ],
  [
    "§2.4 the list",
    "+MQTTSUB: dev/gsm/u,2\r\nOK\r\n",
    [{ unit: "response", name: "MQTTSUB", topic: "dev/gsm/u", qos: 2 }, OK],
  ],
  [
    "§2.5 QoS 2 in four steps and the message back",
    "OK\r\n+MQTTPUBREC:2,0\r\n+MQTTPUBREL:2,0\r\n+MQTTPUBCOMP:2,0\r\n+MQTTPUBLISH:0,2,0,1,dev/gsm/u,14,update message\r\n",
    [
      OK,
      ack("MQTTPUBREC", 2),
      ack("MQTTPUBREL", 2),
      ack("MQTTPUBCOMP", 2),
      publish("dev/gsm/u", "update message", { qos: 2 }),
    ],
  ],
  [
    "§2.6 unsubscribed",
    "OK\r\n+MQTTUNSUBACK:8,dev/gsm/u\r\n",
    [OK, { unit: "urc", name: "MQTTUNSUBACK", packId: 8, topic: "dev/gsm/u" }],
  ],
  [
    "§2.7 disconnected, both spellings",
    "+MQTTDISC:OK\r\n+MQTTDISC: OK\r\n",
    [0, 1].map(() => ({ unit: "urc", name: "MQTTDISC", result: "OK" })),
  ],
  [
    "§2.10, §2.11 the heart-beat, both spellings",
    "+MQTTPINGRESP:OK\r\n+MQTTPINGRSP:OK\r\n",
    [0, 1].map(() => ({ unit: "urc", name: "MQTTPINGRESP", result: "OK" })),
  ],
  ["§2.11 a timeout with a space", "+MQTTTO: 5\r\n", [{ unit: "urc", name: "MQTTTO", type: 5 }]],
  ...["128", "0x80", "80"].map((code): [string, string, unknown[]] => [
    `§2.11 a refused subscription, written ${code}`,
    `+MQTTSUBACK:1,${code},t\r\n`,
    [{ unit: "urc", name: "MQTTSUBACK", packId: 1, code: 128, topic: "t" }],
  ]),
  [
    "§3.2 a message given in hex",
    "+MQTTPUBACK:3,0\r\n+MQTTPUBLISH:0,1,0,1,pyr,3,~zz\r\n",
    [ack("MQTTPUBACK", 3), publish("pyr", "~zz")],
  ],
  ["§3.4 an attempt to reconnect", "+MQTTREC:0\r\n", [{ unit: "urc", name: "MQTTREC", attempt: 0 }]],
  [
    "a message that holds CR LF, OK and a URC",
    "+MQTTPUBLISH:0,1,0,1,t,21,a\r\nOK\r\n+MQTTDISC:OK\r\n\r\n",
    [publish("t", "a\r\nOK\r\n+MQTTDISC:OK\r\n")],
  ],
  ["a topic with commas and numbers", "+MQTTPUBLISH:0,1,0,1,a,99,b,3,abc\r\nOK\r\n", [publish("a,99,b", "abc"), OK]],
  ["a quoted topic", '+MQTTPUBLISH:0,1,0,1,"a/b",2,"x\r\n', [publish("a/b", '"x')]],
  ["a payload on the next line", "+MQTTPUBLISH:0,1,0,1,t,5\r\nhello\r\nOK\r\n", [publish("t", "hello"), OK]],
  [
    "a message that holds a whole message URC",
    "+MQTTPUBLISH:0,1,0,1,t,37,+MQTTPUBLISH:0,1,0,1,x,3,abc\r\n+DISC,1\r\nOK\r\n",
    [publish("t", "+MQTTPUBLISH:0,1,0,1,x,3,abc\r\n+DISC,1"), OK],
  ],
  [
    "a topic with numbers, by the filter that the line showed subscribed",
    "+MQTTSUBACK:1,1,a/#\r\n+MQTTPUBLISH:0,1,0,1,a/1,7,z,8,abc,2,xy\r\n+MQTTTO:5\r\n",
    [
      { unit: "urc", name: "MQTTSUBACK", packId: 1, code: 1, topic: "a/#" },
      publish("a/1,7,z", "abc,2,xy"),
      { unit: "urc", name: "MQTTTO", type: 5 },
    ],
  ],
  [
    "acknowledgements as dup,packId",
    "+MQTTPUBACK:0,7\r\n+MQTTPUBREC:1,9\r\n",
    [ack("MQTTPUBACK", 7), ack("MQTTPUBREC", 9, 1)],
  ],
  ["a message at the end of what was captured", "+MQTTPUBLISH:0,1,0,1,t,3,abc", [publish("t", "abc")]],
  [
    "lines that end in LF alone",
    "OK\n+MQTTPUBLISH:0,1,0,1,t,3,abc\n+MQTTREC:2\n",
    [OK, publish("t", "abc"), { unit: "urc", name: "MQTTREC", attempt: 2 }],
  ],
  [
    "a message cut by another task's URC",
    "+MQTTPUBLISH:0,1,0,1,t,20,0123456\r\n+MQTTTO:5\r\n789012345678\r\nOK\r\n",
    [
      { unit: "truncated", name: "MQTTPUBLISH", topic: "t", msgLen: 20, text: "0123456" },
      { unit: "urc", name: "MQTTTO", type: 5 },
      { unit: "unknown", line: "789012345678" },
      OK,
    ],
  ],
  [
    "more bytes than announced",
    "+MQTTPUBLISH:0,1,0,1,t,3,abcdef\r\nOK\r\n",
    [{ unit: "truncated", name: "MQTTPUBLISH", topic: "t", msgLen: 3, text: "abcdef" }, OK],
  ],
  ["an empty message", "+MQTTPUBLISH:0,1,0,1,t,0,\r\n", [publish("t", "")]],
  [
    "a message that comes short, and the stream in step again behind it",
    "+MQTTPUBLISH:0,1,0,1,t,40,only this\r\n+MQTTTO:5\r\n",
    [
      { unit: "truncated", name: "MQTTPUBLISH", topic: "t", msgLen: 40, text: "only this" },
      { unit: "urc", name: "MQTTTO", type: 5 },
    ],
  ],
  [
    "a length beyond belief",
    "+MQTTPUBLISH:0,1,0,1,t,99999999,x\r\nOK\r\n",
    [{ unit: "unknown", line: "+MQTTPUBLISH:0,1,0,1,t,99999999,x" }, OK],
  ],
  [
    "final results",
    "ERROR\r\n+CME ERROR: 3\r\n+CME ERROR:operation not allowed\r\n",
    [
      { unit: "final", code: "ERROR" },
      { unit: "final", code: "CME ERROR", err: 3 },
      { unit: "final", code: "CME ERROR", err: "operation not allowed" },
    ],
  ],
  ["an echo", 'AT+MQTTSUB="pyr",1\r\r\nOK\r\n', [{ unit: "echo", command: 'AT+MQTTSUB="pyr",1' }, OK]],
  ["what nobody knows", "^SIMST:1\r\n", [{ unit: "unknown", line: "^SIMST:1" }]],
];

describe("Decoder", () => {
  it.each(VECTORS)("understands %s, whole, byte by byte, and split at every byte", (_name, bytes, units) => {
    expect(decode(bytes)).toEqual(units);
    expect(decode(bytes, 1)).toEqual(units);
    for (let at = 1; at < bytes.length; at++) {
      const decoder = new Decoder();
      const parts = [bytes.slice(0, at), bytes.slice(at)].flatMap((part) => decoder.push(Buffer.from(part)));
      expect([...parts, ...decoder.end()]).toEqual(units);
    }
  });

  it("gives bytes that are no UTF-8 in hexadecimal", () => {
    const bytes = Buffer.concat([
      Buffer.from("+MQTTPUBLISH:0,0,1,0,t,2,"),
      Buffer.from([0xff, 0x00]),
      Buffer.from("\r\n"),
    ]);
    expect(decode(bytes)).toEqual([
      { unit: "urc", name: "MQTTPUBLISH", dup: 0, qos: 0, retained: 1, packId: 0, topic: "t", msgLen: 2, hex: "ff00" },
    ]);
  });

  it("keeps any message whole, for any topic and chunking, between two lines", () => {
    const topic = fc.stringMatching(/^[\w/ .-]{1,40}$/);
    fc.assert(
      fc.property(topic, fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 64 }), (name, payload, chunk) => {
        const head = `OK\r\n+MQTTPUBLISH:0,1,0,7,${name},${payload.length},`;
        const units = decode(Buffer.concat([Buffer.from(head), payload, Buffer.from("\r\nOK\r\n")]), chunk);
        expect(units).toHaveLength(3);
        const unit = units[1] as { topic: string; text?: string; hex?: string };
        expect(unit.topic).toBe(name);
        expect(Buffer.from(unit.text ?? unit.hex ?? "", unit.hex ? "hex" : "utf8")).toEqual(Buffer.from(payload));
      }),
      { numRuns: 500 },
    );
  });

  it("holds no more than a message may be long, whatever length it promises", () => {
    const decoder = new Decoder({ maxPayloadBytes: 1_000 });
    decoder.push(Buffer.from("+MQTTPUBLISH:0,1,0,1,t,1000,"));
    let held = 0;
    for (let count = 0; count < 1_000; count++) held += decoder.push(Buffer.alloc(1_000, "x\ny")).length > 0 ? 0 : 1;
    expect(held).toBeLessThan(50); // it tells what it dropped as it goes
  });

  it("neither throws nor hangs on any bytes, and is in step again behind the next line end", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.stringMatching(/^\+MQTTPUBLISH:[\d,a-z"\r\n]{0,60}$/).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 10 }), (parts) => {
        const decoder = new Decoder();
        for (const part of parts) decoder.push(part);
        decoder.end(); // the line went quiet: what was half received is told
        expect(decoder.push(Buffer.from("\r\n+MQTTTO:5\r\n"))).toEqual([{ unit: "urc", name: "MQTTTO", type: 5 }]);
      }),
      { numRuns: 2_000 },
    );
  });
});
