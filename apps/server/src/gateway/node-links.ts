import { CLOSE, downFrameSchema, type DownFrame } from "@mn316-fleet/protocol";
import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import { z } from "zod";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { Signals } from "../platform/signals/signals";
import { AgentLinks } from "./agent-links";
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
const deliverySchema = z.object({ deviceId: z.uuid(), frame: downFrameSchema });

/** `AgentLinks` over the sessions of this node and signals to the others. */
@Injectable()
export class NodeLinks extends AgentLinks implements OnModuleInit {
  constructor(
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly signals: Signals,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.signals.subscribe(deliveryChannel(this.settings.nodeId), (payload) => {
      const delivery = deliverySchema.safeParse(payload);
      if (delivery.success) this.sessions.get(delivery.data.deviceId)?.send(delivery.data.frame);
    });
    await this.signals.subscribe(CLOSE_CHANNEL, (payload) => {
      const close = closeSchema.safeParse(payload);
      if (close.success) this.closeHere(close.data);
    });
  }

  async send(deviceId: string, frame: DownFrame): Promise<"sent" | "offline"> {
    const session = this.sessions.get(deviceId);
    if (session) return session.send(frame) ? "sent" : "offline";
    const node = await this.presence.nodeOf(deviceId);
    if (node === undefined || node === this.settings.nodeId) return "offline";
    await this.signals.publish(deliveryChannel(node), { deviceId, frame });
    return "sent";
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

  private closeHere({ deviceId, code, reason, before }: z.infer<typeof closeSchema>): void {
    const session = this.sessions.get(deviceId);
    if (session && (before === undefined || session.fencing < BigInt(before))) session.close(code, reason);
  }
}

const deliveryChannel = (node: string) => `agent-frames:${node}`;
