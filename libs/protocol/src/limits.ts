/** The WebSocket subprotocol that agent and server speak. */
export const SUBPROTOCOL = "mn316.v1";

/** Path of the agents' WebSocket on the server. */
export const AGENT_PATH = "/agent";

/** The largest frame either side accepts, in bytes. */
export const MAX_FRAME_BYTES = 256 * 1024;

/** Output of one AT step that is kept, in bytes; the rest is cut and marked. */
export const MAX_OUTPUT_BYTES = 64 * 1024;

/** Characters in one frame of the console: small enough for the smallest channel between two nodes of the server. */
export const MAX_CONSOLE_TEXT = 1024;

/** Flow control that the server announces in `welcome`. */
export const DEFAULT_LIMITS = { batch: 200, inflight: 4 } as const;

/** The server's heart-beat: a WebSocket ping this often, dead after so many missed. */
export const HEARTBEAT = { everyMs: 30_000, missed: 2 } as const;

/** Delay before an agent connects again, in ms: jittered, doubling from min to max. */
export const RECONNECT_DELAY = { minMs: 1_000, maxMs: 300_000 } as const;

/** WebSocket close codes of the protocol. */
export const CLOSE = {
  restarting: 1012,
  unauthorized: 4001,
  superseded: 4002,
  protocolError: 4003,
  overRate: 4008,
} as const;

/** What the server's database counts versions and attempts in. */
export const MAX_COUNT = 2 ** 31 - 1;
