import type { Clock } from "@mn316-fleet/at";
import type { ModuleState } from "@mn316-fleet/manual";
import type { TraceEntry } from "../trace/trace";
import type { Cause } from "./session-machine";

/** A state of the module (§2.3), or `unknown` while nobody heard it. */
export type KnownState = ModuleState | "unknown";

export interface Mn316Options {
  /** Of the serial line, so that timeouts allow for the time on the wire; 115200 unless given. */
  baudRate?: number;
  clock?: Clock;
  /** Bound of an ordinary command in ms; 10 s unless given. */
  commandTimeoutMs?: number;
  /** Bound of a connect in ms, after which the module is asked for its state; 75 s unless given. */
  connectTimeoutMs?: number;
  /** Bound of a message that stalls short of its announced length, in ms; 5 s unless given. */
  stallMs?: number;
  /** `AT+CFUN=1,1` unless given. */
  restartCommand?: string;
  /**
   * Own check of the connection while it is held to be up, for a dead link takes the module some 4 × keepAlive to notice,
   * and longer where much is published: asks `MQTTSTAT?`, or publishes a QoS 1 canary where a topic is given.
   */
  liveness?: { everyS: number; canaryTopic?: string };
  /**
   * After so long a quiet, in ms, the module may be asleep and lose the first bytes: a bare `AT` goes before the command.
   * 5 s unless given; Infinity for a module that never sleeps.
   */
  sleepsAfterMs?: number;
  /** Gets every byte of the line in both directions, secrets masked. */
  record?: (entry: TraceEntry) => void;
  /** Messages and events that a `for await` may leave unread before the line is held back; 256 unless given. */
  highWaterMark?: number;
}

/** Bounds and urgency of one operation. */
export interface OperationOptions {
  /** Takes the command out of the queue; one that is on the line already runs to its end, unheard. */
  signal?: AbortSignal;
  /** The higher goes first; 0 unless given. */
  priority?: number;
}

export interface PublishOptions extends OperationOptions {
  /** 0…2; 0 unless given. */
  qos?: number;
  retain?: boolean;
  /** Marks it as sent before (§2.5). */
  dup?: boolean;
}

export interface Message {
  topic: string;
  qos: number;
  retained: boolean;
  dup: boolean;
  packId: number;
  payload: Buffer;
}

/** What a driver tells. */
export interface Mn316Events {
  state: [{ from: KnownState; to: KnownState; since: number; at: number; cause: Cause }];
  timeout: [{ type: number }];
  reconnect: [{ attempt: number }];
  ping: [];
  suback: [{ packId: number; code: number; topic: string }];
  unsuback: [{ packId: number; topic: string }];
  /** The second and the third step of a QoS 2 publish. */
  "publish-step": [{ step: "PUBREC" | "PUBREL"; packId: number }];
  /** A publish is acknowledged: PUBACK, or PUBCOMP. */
  "publish-ack": [{ packId: number; dup: number }];
  message: [Message];
  /** A message that came shorter than announced, with what came. */
  truncated: [{ topic: string; msgLen: number; payload: Buffer }];
  "module-restart": [{ reason: string }];
  /** Settings that the manual advises against. */
  warning: [{ message: string }];
  /** A wanted subscription could not be restored after a reconnect. */
  "restore-failed": [{ topic: string; reason: string }];
  /** The broker did not acknowledge the liveness check's message, though the module holds itself connected. */
  "canary-lost": [{ topic: string; reason: string }];
  /** The module speaks another family's MQTT commands. */
  "foreign-dialect": [{ dialect: string; line: string }];
  /** A line that nothing here understands. */
  urc: [{ line: string }];
  closed: [{ reason: string }];
}

/** One event of a driver, for `for await`. */
export type Mn316Event = {
  [Kind in keyof Mn316Events]: { kind: Kind } & (Mn316Events[Kind] extends [infer Data] ? Data : unknown);
}[keyof Mn316Events];

export interface Identity {
  manufacturer?: string;
  model?: string;
  firmware?: string;
  imei?: string;
}

/** Registration in the network (27.007 §10.1.22). */
export interface Registration {
  /** 0…11: 1 registered at home, 5 roaming, 2 searching, 3 refused. */
  stat: number;
  isRegistered: boolean;
  /** Tracking area and cell in hexadecimal, where the module tells them. */
  trackingArea?: string;
  cell?: string;
  /** 9 is NB-IoT. */
  accessTechnology?: number;
}

export interface ExecResult {
  /** `OK`, `ERROR` or `+CME ERROR:<err>`. */
  result: string;
  output: string[];
  /** The output was longer than 64 KiB; the rest is left out. */
  truncated: boolean;
  ms: number;
}
