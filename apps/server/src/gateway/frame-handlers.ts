import type { DownFrame, FrameOf, HelloFrame, UpFrame, WelcomeFrame } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import type { SecretFrame } from "./agent-links";
import type { AgentSession } from "./agent-session";

type FrameHandler<T extends UpFrame["type"]> = (
  session: AgentSession,
  frame: FrameOf<UpFrame, T>,
) => Promise<void> | void;
/** Makes a frame on the node that sends it; undefined where there is nothing to be sent. */
type FrameMaker<T extends SecretFrame = SecretFrame> = (
  deviceId: string,
  argument: unknown,
) => Promise<FrameOf<DownFrame, T> | undefined>;
/** Adds to the `welcome` of a device that says hello, for example its desired configuration. */
type Welcomer = (deviceId: string, hello: HelloFrame) => Promise<Partial<WelcomeFrame>>;
/** Runs after `welcome` was sent, for example to dispatch what waited for the device. */
type Follower = (session: AgentSession, hello: HelloFrame) => Promise<void>;

/** Where features tell the gateway what they do with a frame. The gateway itself knows no feature. */
@Injectable()
export class FrameHandlers {
  private readonly handlers = new Map<UpFrame["type"], FrameHandler<never>>();
  private readonly makers = new Map<SecretFrame, FrameMaker>();
  readonly welcomers: Welcomer[] = [];
  readonly followers: Follower[] = [];

  register<T extends UpFrame["type"]>(type: T, handler: FrameHandler<T>): void {
    if (this.handlers.has(type)) throw new Error(`Two handlers for frame "${type}": keep one.`);
    this.handlers.set(type, handler as unknown as FrameHandler<never>);
  }

  registerMaker<T extends SecretFrame>(type: T, maker: FrameMaker<T>): void {
    if (this.makers.has(type)) throw new Error(`Two makers of frame "${type}": keep one.`);
    this.makers.set(type, maker as unknown as FrameMaker);
  }

  maker(type: SecretFrame): FrameMaker {
    const maker = this.makers.get(type);
    if (!maker) throw new Error(`No maker of frame "${type}": register one in a feature.`);
    return maker;
  }

  find<T extends UpFrame["type"]>(type: T): FrameHandler<T> {
    const handler = this.handlers.get(type);
    if (!handler) throw new Error(`No handler for frame "${type}": register one in a feature.`);
    return handler as unknown as FrameHandler<T>;
  }
}
