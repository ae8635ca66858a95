import { type DynamicModule, Global, Module } from "@nestjs/common";
import { IngestModule } from "../ingest/ingest.module";
import type { Settings } from "../platform/settings/settings";
import { AgentGateway } from "./agent.gateway";
import { AgentLinks } from "./agent-links";
import { FrameHandlers } from "./frame-handlers";
import { LinkMetrics } from "./link-metrics";
import { NodeHeartbeat } from "./node-heartbeat";
import { NodeLinks } from "./node-links";
import { Presence } from "./presence";
import { Sessions } from "./sessions";

/** The agents' connections; features register their frame handlers here. */
@Global()
@Module({
  imports: [IngestModule],
  providers: [
    FrameHandlers,
    NodeHeartbeat,
    NodeLinks,
    Presence,
    Sessions,
    { provide: AgentLinks, useExisting: NodeLinks },
  ],
  exports: [AgentLinks, FrameHandlers],
})
export class GatewayModule {
  /** A process without the role `gateway` has no socket for agents, but reaches them through those that have. */
  static with({ roles }: Pick<Settings, "roles">): DynamicModule {
    return { module: GatewayModule, providers: roles.has("gateway") ? [AgentGateway, LinkMetrics] : [] };
  }
}
