import type { Packet } from "mqtt-packet";
import type { Network } from "../client/network";
import type { Timers } from "../timers";

/** What of a module a fault can reach. */
export interface FaultTarget {
  readonly network: Network;
  readonly timers: Timers;
  /** 0 ≤ x < 1, from the module's seed. */
  readonly random: () => number;
  /** Restarts as after a power cut: all is lost, the boot lines come. */
  readonly restart: () => void;
  /** Switches the echo on, as ATE1 does. */
  readonly echoOn: () => void;
  /** Puts bytes on the line, past every fault. */
  readonly write: (bytes: Buffer) => void;
  /** Answers a command with this final result, or with an error number where AT+CMEE allows one. */
  readonly refuse: (refusal: "busy" | "input") => void;
}

/** One thing that can go wrong. Each hook may be missing; the state of a fault lives in what `start` gives. */
export interface Fault {
  readonly about: string;
  /** Switches it on for one module. */
  start(target: FaultTarget): ActiveFault;
}

export interface ActiveFault {
  /** A command line has come in. True: handled, the module itself does nothing. */
  onCommand?: (line: string) => boolean;
  /** A packet from the broker. True: lost. */
  onPacket?: (packet: Packet) => boolean;
  /** The echo of what the host sent, while echo is on. What it gives goes out instead. */
  onEcho?: (bytes: Buffer) => Buffer;
  /** Bytes on their way to the host. What it gives goes out instead; undefined: nothing now. */
  onOutput?: (bytes: Buffer) => Buffer | undefined;
  /** Bytes from the host. What it gives comes in instead. */
  onInput?: (bytes: Buffer) => Buffer;
  stop?: () => void;
}
