import type { FleetEvent } from "@mn316-fleet/protocol";
import type { EventBatch } from "../../ingest/event-batch";

/** A batch of a device's events for the writer, by a connection that listens to no answer. */
export function handedIn(deviceId: string, events: FleetEvent[], epoch = 1): EventBatch {
  const sender = {
    deviceId,
    settled: () => undefined,
    send: () => true,
    reject: () => undefined,
    close: () => undefined,
  };
  return { sender, deviceId, epoch, events, receivedAt: new Date(), isBacklog: false };
}
