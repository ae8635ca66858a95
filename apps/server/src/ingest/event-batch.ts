import type { StorableEvent, UpFrame } from "@mn316-fleet/protocol";

/** Who sent a batch, and hears what became of it. */
export interface BatchSender {
  readonly deviceId: string;
  /** Hears that so many of its events wait no longer. */
  settled(events: number): void;
  send(frame: { type: "ack"; epoch: number; seq: number }): boolean;
  /** @param frame the type of the frame that is refused */
  reject(code: string, message: string, frame: UpFrame["type"]): void;
  close(code: number, reason: string): void;
}

/** Events of one frame, on their way into the database. */
export interface EventBatch {
  sender: BatchSender;
  deviceId: string;
  epoch: number;
  events: StorableEvent[];
  receivedAt: Date;
  /** Whether there is more where they come from, by their age and number: they piled up, or somebody floods. */
  isBacklog: boolean;
}
