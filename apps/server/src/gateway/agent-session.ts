import type { DownFrame } from "@mn316-fleet/protocol";

/** One authenticated agent connection on this node. */
export interface AgentSession {
  readonly deviceId: string;
  /** Fencing number: of two sessions of a device the larger is the later one. Also the id of its `link_session`. */
  readonly fencing: bigint;
  /** Sends a frame; false when the socket is gone or too far behind. */
  send(frame: DownFrame): boolean;
  /** Closes with a code of the protocol (`CLOSE`). */
  close(code: number, reason: string): void;
}
