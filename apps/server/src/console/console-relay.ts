import { type FrameOf, upFrameSchema, type UpFrame } from "@mn316-fleet/protocol";
import { Injectable, type OnModuleInit } from "@nestjs/common";
import { z } from "zod";
import { FrameHandlers } from "../gateway/frame-handlers";
import { Signals } from "../platform/signals/signals";

/** What a device says in a console. */
export type ConsoleFrame = FrameOf<UpFrame, "console-open" | "console-output" | "console-close">;

const TYPES = ["console-open", "console-output", "console-close"] as const;
const CHANNEL = "console";
const signalSchema = z.object({ deviceId: z.uuid(), frame: upFrameSchema });

/** Brings what a device says in a console to the node that holds the operator's socket. */
@Injectable()
export class ConsoleRelay implements OnModuleInit {
  private readonly listeners = new Map<string, { deviceId: string; hear: (frame: ConsoleFrame) => void }>();

  constructor(
    private readonly frames: FrameHandlers,
    private readonly signals: Signals,
  ) {}

  async onModuleInit(): Promise<void> {
    // Awaited one by one, so that what is said keeps its order on the way to another node.
    for (const type of TYPES) this.frames.register(type, ({ deviceId }, frame) => this.take(deviceId, frame));
    await this.signals.subscribe(CHANNEL, (payload) => {
      const signal = signalSchema.safeParse(payload);
      if (signal.success && isConsoleFrame(signal.data.frame)) this.hear(signal.data.deviceId, signal.data.frame);
    });
  }

  /** @returns ends the listening */
  listen(console: string, deviceId: string, hear: (frame: ConsoleFrame) => void): () => void {
    this.listeners.set(console, { deviceId, hear });
    return () => this.listeners.delete(console);
  }

  private async take(deviceId: string, frame: ConsoleFrame): Promise<void> {
    if (!this.hear(deviceId, frame)) await this.signals.publish(CHANNEL, { deviceId, frame });
  }

  /** Only the device that a console is for speaks in it. */
  private hear(deviceId: string, frame: ConsoleFrame): boolean {
    const listener = this.listeners.get(frame.console);
    if (listener?.deviceId !== deviceId) return false;
    listener.hear(frame);
    return true;
  }
}

function isConsoleFrame(frame: UpFrame): frame is ConsoleFrame {
  return (TYPES as readonly string[]).includes(frame.type);
}
