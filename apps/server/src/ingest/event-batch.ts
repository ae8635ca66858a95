import type { FleetEvent } from "@mn316-fleet/protocol";

/** Who sent a batch, and hears what became of it. */
export interface BatchSender {
  readonly deviceId: string;
  send(frame: { type: "ack"; epoch: number; seq: number }): boolean;
  reject(code: string, message: string): void;
  close(code: number, reason: string): void;
}

/** Events of one frame, on their way into the database. */
export interface EventBatch {
  sender: BatchSender;
  deviceId: string;
  epoch: number;
  events: FleetEvent[];
  receivedAt: Date;
}
