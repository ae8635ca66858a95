import { type ChangeLogLevel, changeLogLevelSchema, idParamSchema } from "@mn316-fleet/contracts";
import { Body, Controller, Param, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../auth/require-role";
import { AgentLinks } from "../gateway/agent-links";
import { ApiResult } from "../platform/http/api-result";
import { conflict } from "../platform/problems/problem.error";

/** What is asked of the agent itself rather than of its module. */
@ApiTags("devices")
@Controller("api/v1")
export class AgentsController {
  constructor(private readonly links: AgentLinks) {}

  @Post("devices/:id/log-level")
  @RequireRole("operator")
  @ApiResult(
    undefined,
    204,
    "Sent to the agent, which returns to its own level by itself. 409 where it is not connected.",
  )
  async logLevel(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: changeLogLevelSchema }) change: ChangeLogLevel,
  ): Promise<void> {
    const outcome = await this.links.send(id, { type: "log-level", ...change });
    if (outcome === "offline") throw conflict("The device's agent is not connected now.");
  }
}
