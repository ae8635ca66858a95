import { AGENT_PATH, CLOSE, MAX_FRAME_BYTES, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { deflateRawSync } from "node:zlib";
import { FleetServer } from "../test-support/fleet-server";
import { RawConnection } from "../test-support/raw-connection";
import {
  acceptFor,
  closing,
  frame,
  handshake,
  OPCODE,
  type RawFrame,
  RawWebSocket,
} from "../test-support/raw-web-socket";
import { TestAgent } from "../test-support/test-agent";

const { text, binary, continuation, ping, pong, close } = OPCODE;
/** Is answered with an `error` of this code. */
const UNKNOWN = '{"type":"nonsense"}';
const ANSWER = /"code":"unknown-type"/;
/** Two, three and four bytes a character, within an unknown frame. */
const WIDE = Buffer.from('{"type":"é€😀"}');
const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
const bytes = (hex: string) => Buffer.from(hex, "hex");
/** The middle of the last character. */
const WIDE_CUT = WIDE.length - 4;

/** What is sent, and what must come of it. */
type Case = [what: string, sent: RawFrame[], expected: { answers?: number; pongs?: string[]; code?: number }];

const ACCEPTED: Case[] = [
  // §5.2: lengths
  ["a text of 7 bits of length", [{ opcode: text, payload: UNKNOWN }], { answers: 1 }],
  ["a text of 16 bits of length", [{ opcode: text, payload: UNKNOWN.padEnd(126) }], { answers: 1 }],
  ["the longest text of 16 bits of length", [{ opcode: text, payload: UNKNOWN.padEnd(65_535) }], { answers: 1 }],
  ["a text of 64 bits of length", [{ opcode: text, payload: UNKNOWN.padEnd(65_536) }], { answers: 1 }],
  ["the largest text", [{ opcode: text, payload: UNKNOWN.padEnd(MAX_FRAME_BYTES) }], { answers: 1 }],
  [
    "two texts in one segment",
    [
      { opcode: text, payload: UNKNOWN },
      { opcode: text, payload: UNKNOWN },
    ],
    { answers: 2 },
  ],
  // §5.4: fragments
  [
    "a text in two fragments",
    [
      { opcode: text, payload: UNKNOWN.slice(0, 5), fin: false },
      { opcode: continuation, payload: UNKNOWN.slice(5) },
    ],
    { answers: 1 },
  ],
  [
    "a text in a fragment a byte",
    Array.from(UNKNOWN).map((payload, index) => ({
      opcode: index === 0 ? text : continuation,
      payload,
      fin: index === UNKNOWN.length - 1,
    })),
    { answers: 1 },
  ],
  [
    "empty fragments around a text",
    [{ opcode: text, fin: false }, { opcode: continuation, payload: UNKNOWN, fin: false }, { opcode: continuation }],
    { answers: 1 },
  ],
  [
    "a ping between two fragments",
    [
      { opcode: text, payload: UNKNOWN.slice(0, 5), fin: false },
      { opcode: ping, payload: "now" },
      { opcode: continuation, payload: UNKNOWN.slice(5) },
    ],
    { answers: 1, pongs: ["now"] },
  ],
  [
    "a pong between two fragments",
    [
      { opcode: text, payload: UNKNOWN.slice(0, 5), fin: false },
      { opcode: pong, payload: "unasked" },
      { opcode: continuation, payload: UNKNOWN.slice(5) },
    ],
    { answers: 1 },
  ],
  // §5.5.2, §5.5.3: pings and pongs
  ["an empty ping", [{ opcode: ping }], { pongs: [""] }],
  ["a ping of 125 bytes", [{ opcode: ping, payload: "p".repeat(125) }], { pongs: ["p".repeat(125)] }],
  ["ten pings", DIGITS.map((payload) => ({ opcode: ping, payload })), { pongs: DIGITS }],
  [
    "a pong that nobody asked for",
    [
      { opcode: pong, payload: "x" },
      { opcode: ping, payload: "y" },
    ],
    { pongs: ["y"] },
  ],
  // §8.1: UTF-8
  ["characters of two to four bytes", [{ opcode: text, payload: WIDE }], { answers: 1 }],
  [
    "a character cut by a fragment",
    [
      { opcode: text, payload: WIDE.subarray(0, WIDE_CUT), fin: false },
      { opcode: continuation, payload: WIDE.subarray(WIDE_CUT) },
    ],
    { answers: 1 },
  ],
  ["a binary message, which is no frame of the protocol", [{ opcode: binary, payload: UNKNOWN }], { answers: 0 }],
];

const utf8 = (what: string, hex: string): Case => [what, [{ opcode: text, payload: bytes(hex) }], { code: 1007 }];
const closed = (what: string, payload: Buffer | string, code: number): Case => [
  what,
  [{ opcode: close, payload }],
  { code },
];
const reserved = (opcode: number, name: string): Case[] =>
  [4, 2, 1, 7].map((rsv): Case => [`${name} with the reserved bits ${rsv}`, [{ opcode, rsv }], { code: 1002 }]);

const REFUSED: Case[] = [
  // §5.2: reserved bits and opcodes; no extension was agreed on
  ...reserved(text, "a text"),
  ...reserved(ping, "a ping"),
  ...reserved(close, "a close"),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Case => [
    `the reserved opcode ${opcode}`,
    [{ opcode }],
    { code: 1002 },
  ]),
  // §5.1: masks
  ["a text that is not masked", [{ opcode: text, payload: UNKNOWN, isMasked: false }], { code: 1002 }],
  ["a ping that is not masked", [{ opcode: ping, isMasked: false }], { code: 1002 }],
  ["a close that is not masked", [{ opcode: close, payload: closing(1000), isMasked: false }], { code: 1002 }],
  // §5.4: fragments
  ["a continuation of nothing", [{ opcode: continuation, payload: UNKNOWN }], { code: 1002 }],
  ["a continuation that is not the last, of nothing", [{ opcode: continuation, fin: false }], { code: 1002 }],
  [
    "a continuation after the last one",
    [
      { opcode: text, payload: UNKNOWN.slice(0, 5), fin: false },
      { opcode: continuation, payload: UNKNOWN.slice(5) },
      { opcode: continuation, payload: "x" },
    ],
    { code: 1002 },
  ],
  [
    "a text within a text",
    [
      { opcode: text, payload: UNKNOWN, fin: false },
      { opcode: text, payload: UNKNOWN },
    ],
    { code: 1002 },
  ],
  [
    "a binary within a text",
    [
      { opcode: text, payload: UNKNOWN, fin: false },
      { opcode: binary, payload: UNKNOWN },
    ],
    { code: 1002 },
  ],
  ["a ping in fragments", [{ opcode: ping, fin: false }], { code: 1002 }],
  ["a pong in fragments", [{ opcode: pong, fin: false }], { code: 1002 }],
  ["a close in fragments", [{ opcode: close, fin: false }], { code: 1002 }],
  // §5.5: control frames
  ["a ping of 126 bytes", [{ opcode: ping, payload: "p".repeat(126) }], { code: 1002 }],
  ["a pong of 126 bytes", [{ opcode: pong, payload: "p".repeat(126) }], { code: 1002 }],
  ["a close of 126 bytes", [{ opcode: close, payload: closing(1000, "r".repeat(124)) }], { code: 1002 }],
  // §8.1: UTF-8
  utf8("an overlong zero", "c080"),
  utf8("an overlong slash", "e080af"),
  utf8("half a surrogate pair", "eda080"),
  utf8("a character beyond the last", "f4908080"),
  utf8("a continuation byte alone", "80"),
  utf8("a byte that is never used", "fe"),
  utf8("half a character at the end", "f09f98"),
  [
    "bytes that are no text in the second fragment",
    [
      { opcode: text, payload: "{", fin: false },
      { opcode: continuation, payload: bytes("ff") },
    ],
    { code: 1007 },
  ],
  // §7.4: close codes
  closed("a close without a code", "", 1005),
  closed("a close of half a code", "x", 1002),
  ...[1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) =>
    closed(`the close code ${code}`, closing(code, "bye"), code),
  ),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) =>
    closed(`the close code ${code}, which nobody may send`, closing(code), 1002),
  ),
  closed("a reason that is no text", closing(1000, bytes("eda080")), 1007),
  closed("the longest reason", closing(1000, "r".repeat(123)), 1000),
  // sizes
  ["a text too large by one", [{ opcode: text, payload: "x".repeat(MAX_FRAME_BYTES + 1) }], { code: 1009 }],
  ["a header that promises a terabyte", [{ opcode: text, length: 1n << 40n, lengthBits: 64 }], { code: 1009 }],
  ["a length with its highest bit set", [{ opcode: text, length: (1n << 63n) + 5n, lengthBits: 64 }], { code: 1009 }],
  [
    "fragments that are too large together",
    [
      { opcode: text, payload: "x".repeat(MAX_FRAME_BYTES / 2), fin: false },
      { opcode: continuation, payload: "x".repeat(MAX_FRAME_BYTES / 2), fin: false },
      { opcode: continuation, payload: "x", fin: false },
    ],
    { code: 1009 },
  ],
  [
    "more fragments than anybody needs",
    [{ opcode: text, payload: "x", fin: false }, ...Array<RawFrame>(20_000).fill({ opcode: continuation, fin: false })],
    { code: 1008 },
  ],
  // compression, which was not agreed on
  [
    "a bomb of deflated zeros",
    [{ opcode: text, rsv: 4, payload: deflateRawSync(Buffer.alloc(50_000_000)) }],
    { code: 1002 },
  ],
];

describe("the agents' WebSocket, after RFC 6455", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let tokens: string[];
  let used = 0;
  const sockets: RawWebSocket[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url, { logLevel: "warn" });
    // A device may say ten wrong things at once, and one in six seconds from then on.
    tokens = await Promise.all(Array.from({ length: 30 }, async () => (await server.createDevice()).token));
  }, 60_000);
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.cut();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const bearer = () => ({ Authorization: `Bearer ${tokens[used++ % tokens.length]}` });
  const open = async (headers: Record<string, string> = {}) => {
    const socket = await RawWebSocket.open(server.url, AGENT_PATH, { ...bearer(), ...headers });
    sockets.push(socket);
    return socket;
  };
  /** The server is as well as before, and says itself that nothing went wrong. */
  const expectSound = async () => {
    expect((await server.send("GET", "/health/ready")).status).toBe(200);
    expect(server.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  };
  const expectOf = async (socket: RawWebSocket, { answers, pongs = [], code }: Case[2]) => {
    if (code !== undefined) expect(await socket.closeCode()).toBe(code);
    else if (answers !== undefined) {
      const heard = await socket.hears(text, Math.max(1, answers));
      for (const { payload } of heard) expect(payload.toString()).toMatch(answers === 0 ? /"not-text"/ : ANSWER);
      expect(heard).toHaveLength(Math.max(1, answers));
    }
    expect((await socket.hears(pong, pongs.length)).map(({ payload }) => payload.toString())).toEqual(pongs);
    // What a server writes is never masked, never cut and of no extension.
    for (const one of socket.heard) expect(one).toMatchObject({ isMasked: false, fin: true, rsv: 0 });
    await expectSound();
  };

  it.each(ACCEPTED)("takes %s", async (_what, sent, expected) => {
    const socket = await open();
    socket.send(...sent);
    await expectOf(socket, expected);
    expect(socket.connection.isEnded).toBe(false);
  });

  it("takes a frame that comes byte by byte", async () => {
    const socket = await open();
    socket.connection.socket.setNoDelay(true);
    for (const byte of frame({ opcode: text, payload: UNKNOWN })) {
      socket.connection.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expectOf(socket, { answers: 1 });
  });

  it.each(REFUSED)("closes after %s", async (_what, sent, expected) => {
    const socket = await open();
    socket.send(...sent);
    await expectOf(socket, expected);
    await socket.connection.ended();
  });

  it("hears nothing that comes behind a close", async () => {
    const socket = await open();
    socket.send({ opcode: close, payload: closing(1000) }, { opcode: text, payload: UNKNOWN }, { opcode: ping });
    await expectOf(socket, { code: 1000 });
    await socket.connection.ended();
    expect(socket.heard.map(({ opcode }) => opcode)).toEqual([close]);
  });

  it("drops half a message with its connection, and nothing else", async () => {
    const socket = await open();
    socket.send({ opcode: text, payload: UNKNOWN, fin: false });
    socket.connection.write(frame({ opcode: continuation, payload: UNKNOWN }).subarray(0, 9));
    socket.cut();
    await expectOf(await open(), {});
  });

  it("agrees on no compression, whatever is offered", async () => {
    const offers = "permessage-deflate; client_max_window_bits; server_no_context_takeover, x-webkit-deflate-frame";
    const { head } = await open({ "Sec-WebSocket-Extensions": offers });
    expect(head).not.toMatch(/sec-websocket-extensions/i);
  });

  describe("its handshake", () => {
    const asked = async (request: string) => {
      const connection = await RawConnection.open(server.url);
      connection.write(request);
      const head = await connection.head();
      connection.cut();
      return head;
    };

    it("proves that it read the key, and chooses its subprotocol", async () => {
      const key = "dGhlIHNhbXBsZSBub25jZQ==";
      const protocols = { "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": `soap, ${SUBPROTOCOL}` };
      const { head } = await open(protocols);
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).toContain(`Sec-WebSocket-Accept: ${acceptFor(key)}`);
      expect(head).toContain(`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`);
    });

    it.each<
      [what: string, status: number, changes: Record<string, string | undefined>, method?: string, path?: string]
    >([
      ["another version", 400, { "Sec-WebSocket-Version": "12" }],
      ["no version", 400, { "Sec-WebSocket-Version": undefined }],
      ["no key", 400, { "Sec-WebSocket-Key": undefined }],
      ["a key of another length", 400, { "Sec-WebSocket-Key": "c2hvcnQ=" }],
      ["another protocol to switch to", 400, { Upgrade: "h2c" }],
      ["another method", 405, {}, "POST"],
      ["a path of no WebSocket", 404, {}, "GET", "/agents"],
      ["a path of the API", 404, {}, "GET", "/api/v1/devices"],
      ["no upgrade at all", 404, { Upgrade: undefined, Connection: undefined }],
      ["a subprotocol list that is none", 400, { "Sec-WebSocket-Protocol": "a,,b" }],
    ])("is refused for %s", async (_what, status, changes, method = "GET", path: string = AGENT_PATH) => {
      expect(await asked(handshake(path, { ...bearer(), ...changes }, method))).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} `),
      );
      await expectSound();
    });
  });

  it("answers pings no faster than its peer reads, and cuts one that reads nothing", async () => {
    const socket = await open();
    socket.connection.socket.pause();
    const burst = Buffer.concat(Array.from({ length: 2_000 }, () => frame({ opcode: ping, payload: "p".repeat(125) })));
    const flood = setInterval(() => {
      if (socket.connection.socket.writableLength < 1_000_000) socket.connection.write(burst);
    }, 5);
    const other = await TestAgent.connect(server.url, tokens[0]!);
    try {
      const before = process.memoryUsage();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const after = process.memoryUsage();
      expect(after.external - before.external).toBeLessThan(64 * 1_024 * 1_024);
      other.events([{ seq: 1, at: Date.now(), kind: "ping" }]);
      await other.acked(1);
    } finally {
      clearInterval(flood);
      other.socket.terminate();
    }
    await expectSound();
  });

  it("closes when too much is wrong", async () => {
    const socket = await open();
    socket.send(...Array<RawFrame>(11).fill({ opcode: text, payload: UNKNOWN }));
    expect(await socket.closeCode()).toBe(CLOSE.protocolError);
  });
});
