/** Ranges and defaults that the manual states or that its modules were seen to keep; lengths are in bytes of UTF-8. */
export const LIMITS = {
  port: { min: 1, max: 65_535 },
  keepAliveS: { min: 1, max: 65_535, default: 60 },
  /** §2.9: default 10 s, must be below keepAlive. */
  ackTimeoutS: { min: 1, max: 65_535, default: 10 },
  hostBytes: 255,
  clientIdBytes: 128,
  usernameBytes: 128,
  passwordBytes: 128,
  topicBytes: 256,
  /** The modules take the fields of one CONNECT up to this many bytes together. */
  connectFieldsBytes: 256,
  willMessageBytes: 256,
  /** One command line, its end included. */
  commandLineBytes: 4_000,
  publishBytes: 2_048,
  /** §3.4: heart-beats lost in a row before the module reconnects, and its attempts before it gives up. */
  heartbeatLosses: 3,
  reconnectAttempts: 3,
} as const;
