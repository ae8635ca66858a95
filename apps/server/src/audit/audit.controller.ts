import {
  type AuditExportQuery,
  auditExportQuerySchema,
  auditPageSchema,
  type AuditQuery,
  auditQuerySchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Query, Res } from "@nestjs/common";
import { ApiResponse, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { RequireRole } from "../auth/require-role";
import { inThisScope } from "../platform/database/fleet-scope";
import { ApiResult } from "../platform/http/api-result";
import { exported, MEDIA_TYPES } from "./audit-export";
import { AuditService } from "./audit.service";

@ApiTags("audit")
@RequireRole("admin")
@Controller("api/v1/audit")
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @ApiResult(auditPageSchema, 200, "Who did what, the newest first.")
  list(@Query({ schema: auditQuerySchema }) query: AuditQuery) {
    return this.audit.list(query);
  }

  @Get("export")
  @ApiResult(undefined, 200, "All entries that the filter leaves, the newest first, as they are read.")
  @ApiResponse({
    status: 200,
    content: { "application/x-ndjson": { schema: { type: "string" } }, "text/csv": { schema: { type: "string" } } },
  })
  export(
    @Query({ schema: auditExportQuerySchema }) { format, ...filter }: AuditExportQuery,
    @Res() reply: FastifyReply,
  ): void {
    void reply
      .header("Content-Type", MEDIA_TYPES[format])
      .header("Content-Disposition", `attachment; filename="audit.${format}"`)
      .send(exported(inThisScope(this.audit.all(filter)), format));
  }
}
