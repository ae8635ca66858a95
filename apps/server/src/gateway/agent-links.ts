import type { DownFrame } from "@mn316-fleet/protocol";

/** Frames that hold a secret: they travel only from the node that holds the device to its agent. */
export const SECRET_FRAMES = ["desired", "token"] as const;
export type SecretFrame = (typeof SECRET_FRAMES)[number];
/** Frames that may travel between nodes. */
export type OpenFrame = Exclude<DownFrame, { type: SecretFrame | "welcome" }>;

/** Reaches a connected agent, on whichever node holds its socket. */
export abstract class AgentLinks {
  /**
   * Sends a frame to a device.
   * @returns "sent" when it was written to a live socket of this node or handed to the node that holds it, "offline"
   *   when no node holds the device. Never proof of receipt: only an event of the device is.
   */
  abstract send(deviceId: string, frame: OpenFrame): Promise<"sent" | "offline">;
  /**
   * Sends a frame that holds a secret: only its type and an argument travel between the nodes, and the node that holds the
   * device makes it (`FrameHandlers.registerMaker`).
   * @param argument JSON, without a secret in clear
   * @returns as `send`; "sent" also where the maker finds that there is nothing to be sent
   */
  abstract sendMade(deviceId: string, type: SecretFrame, argument?: unknown): Promise<"sent" | "offline">;
  /** Those of the devices that some node holds now; a device may come or go at any time. */
  abstract connected(deviceIds: readonly string[]): Promise<Set<string>>;
  /** Closes the device's connection, for example when its token is revoked. */
  abstract close(deviceId: string, code: number, reason: string): Promise<void>;
}
