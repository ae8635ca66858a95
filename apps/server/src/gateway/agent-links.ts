import type { DownFrame } from "@mn316-fleet/protocol";

/** Reaches a connected agent, on whichever node holds its socket. */
export abstract class AgentLinks {
  /**
   * Sends a frame to a device.
   * @returns "sent" when it was written to a live socket of this node or handed to the node that holds it, "offline"
   *   when no node holds the device. Never proof of receipt: only an event of the device is.
   */
  abstract send(deviceId: string, frame: DownFrame): Promise<"sent" | "offline">;
  /** Those of the devices that some node holds now; a device may come or go at any time. */
  abstract connected(deviceIds: readonly string[]): Promise<Set<string>>;
  /** Closes the device's connection, for example when its token is revoked. */
  abstract close(deviceId: string, code: number, reason: string): Promise<void>;
}
