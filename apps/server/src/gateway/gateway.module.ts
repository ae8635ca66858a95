import { Global, Module } from "@nestjs/common";
import { IngestModule } from "../ingest/ingest.module";
import { AgentGateway } from "./agent.gateway";
import { AgentLinks } from "./agent-links";
import { FrameHandlers } from "./frame-handlers";
import { NodeHeartbeat } from "./node-heartbeat";
import { NodeLinks } from "./node-links";
import { Presence } from "./presence";
import { Sessions } from "./sessions";

/** The agents' connections; features register their frame handlers here. */
@Global()
@Module({
  imports: [IngestModule],
  providers: [
    AgentGateway,
    FrameHandlers,
    NodeHeartbeat,
    NodeLinks,
    Presence,
    Sessions,
    { provide: AgentLinks, useExisting: NodeLinks },
  ],
  exports: [AgentLinks, FrameHandlers],
})
export class GatewayModule {}
