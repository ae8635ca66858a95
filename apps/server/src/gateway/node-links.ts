import { CLOSE, downFrameSchema } from "@mn316-fleet/protocol";
import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { z } from "zod";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { Signals } from "../platform/signals/signals";
import { AgentLinks, type OpenFrame, SECRET_FRAMES, type SecretFrame } from "./agent-links";
import { FrameHandlers } from "./frame-handlers";
import { Presence } from "./presence";
import { Sessions } from "./sessions";

const CLOSE_CHANNEL = "agent-close";
const closeSchema = z.object({
  deviceId: z.uuid(),
  code: z.number().int(),
  reason: z.string(),
  /** Only sessions before this fencing number. */
  before: z.string().optional(),
});
const deliverySchema = z.union([
  z.object({ deviceId: z.uuid(), frame: downFrameSchema as z.ZodType<OpenFrame> }),
  /** A frame that is made here, because it holds a secret. */
  z.object({ deviceId: z.uuid(), make: z.enum(SECRET_FRAMES), argument: z.unknown().optional() }),
]);
type Delivery = z.infer<typeof deliverySchema>;

/** `AgentLinks` over the sessions of this node and signals to the others. */
@Injectable()
export class NodeLinks extends AgentLinks implements OnModuleInit {
  /** Deliveries to a device that a frame is made for just now: what comes after it waits for it. */
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly frames: FrameHandlers,
    private readonly signals: Signals,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.signals.subscribe(deliveryChannel(this.settings.nodeId), (payload) => {
      const delivery = deliverySchema.safeParse(payload);
      if (delivery.success) this.deliver(delivery.data);
    });
    await this.signals.subscribe(CLOSE_CHANNEL, (payload) => {
      const close = closeSchema.safeParse(payload);
      if (close.success) this.closeHere(close.data);
    });
  }

  async send(deviceId: string, frame: OpenFrame): Promise<"sent" | "offline"> {
    const session = this.sessions.get(deviceId);
    if (session) return session.send(frame) ? "sent" : "offline";
    return this.sendElsewhere({ deviceId, frame });
  }

  async sendMade(deviceId: string, type: SecretFrame, argument?: unknown): Promise<"sent" | "offline"> {
    if (!this.sessions.get(deviceId)) return this.sendElsewhere({ deviceId, make: type, argument });
    const frame = await this.frames.maker(type)(deviceId, argument);
    return !frame || this.sessions.get(deviceId)?.send(frame) ? "sent" : "offline";
  }

  async connected(deviceIds: readonly string[]): Promise<Set<string>> {
    const elsewhere = deviceIds.filter((deviceId) => !this.sessions.get(deviceId));
    const held = elsewhere.length > 0 ? await this.presence.held(elsewhere) : new Set<string>();
    return new Set(deviceIds.filter((deviceId) => held.has(deviceId) || this.sessions.get(deviceId)));
  }

  async close(deviceId: string, code: number, reason: string): Promise<void> {
    await this.signals.publish(CLOSE_CHANNEL, { deviceId, code, reason });
  }

  /** Closes older sessions of a device on the nodes that held them. */
  async supersede(deviceId: string, fencing: bigint, nodes: readonly string[]): Promise<void> {
    if (nodes.every((node) => node === this.settings.nodeId)) return;
    const reason = "superseded by a newer connection";
    await this.signals.publish(CLOSE_CHANNEL, { deviceId, code: CLOSE.superseded, reason, before: String(fencing) });
  }

  private async sendElsewhere(delivery: Delivery): Promise<"sent" | "offline"> {
    const node = await this.presence.nodeOf(delivery.deviceId);
    if (node === undefined || node === this.settings.nodeId) return "offline";
    await this.signals.publish(deliveryChannel(node), delivery);
    return "sent";
  }

  /** In the order in which they arrive, though making a frame takes a while. */
  private deliver(delivery: Delivery): void {
    const { deviceId } = delivery;
    if (!this.sessions.get(deviceId)) return;
    const before = this.underWay.get(deviceId);
    if (!before && "frame" in delivery) {
      this.sessions.get(deviceId)?.send(delivery.frame);
      return;
    }
    const done = (before ?? Promise.resolve())
      .then(() => this.perform(delivery))
      .catch((error: unknown) => {
        this.logger.warn({ deviceId, err: error }, "a frame for an agent could not be made");
      })
      .finally(() => {
        if (this.underWay.get(deviceId) === done) this.underWay.delete(deviceId);
      });
    this.underWay.set(deviceId, done);
  }

  private async perform(delivery: Delivery): Promise<void> {
    const { deviceId } = delivery;
    const frame =
      "frame" in delivery ? delivery.frame : await this.frames.maker(delivery.make)(deviceId, delivery.argument);
    if (frame) this.sessions.get(deviceId)?.send(frame);
  }

  private closeHere({ deviceId, code, reason, before }: z.infer<typeof closeSchema>): void {
    const session = this.sessions.get(deviceId);
    if (session && (before === undefined || session.fencing < BigInt(before))) session.close(code, reason);
  }
}

const deliveryChannel = (node: string) => `agent-frames:${node}`;
