import {
  checkedImportSchema,
  type DryRunQuery,
  dryRunQuerySchema,
  IMPORT_COLUMNS,
  type ImportedDevices,
  importedDevicesSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Headers, Post, Query, Res } from "@nestjs/common";
import { ApiBody, ApiConsumes, ApiProduces, ApiResponse, ApiTags } from "@nestjs/swagger";
import { stringify } from "csv-stringify/sync";
import type { FastifyReply } from "fastify";
import { RequireRole } from "../../auth/require-role";
import {
  ALREADY_SHOWN,
  CurrentRequestKey,
  type RequestKey,
  TakesIdempotencyKey,
} from "../../idempotency/idempotency-key";
import { ApiResult } from "../../platform/http/api-result";
import { TakesCsv } from "../../platform/http/csv-bodies";
import { DeviceImports } from "./device-imports";

const COLUMNS = ["line", "id", "name", "imei", "token"] as const;

@ApiTags("devices")
@Controller("api/v1/devices/import")
export class DeviceImportsController {
  constructor(private readonly imports: DeviceImports) {}

  @Post()
  @RequireRole("operator")
  @TakesCsv()
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiConsumes("text/csv")
  @ApiProduces("application/json", "text/csv")
  @ApiBody({
    description: `The first line names the columns: ${IMPORT_COLUMNS.join(", ")}. Tags are separated by ";".`,
    schema: { type: "string" },
  })
  @ApiResponse({ status: 200, description: "All is well: a dry run.", standardSchema: checkedImportSchema })
  @ApiResult(importedDevicesSchema, 201, "The devices and their tokens, shown this once; CSV where Accept asks for it.")
  async import(
    @Body() text: string,
    @Query({ schema: dryRunQuerySchema }) { dryRun }: DryRunQuery,
    @Headers("accept") accept: string | undefined,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (dryRun === "true") {
      void reply.status(200);
      return this.imports.check(text);
    }
    const imported = await this.imports.import(text, key);
    if (!accept?.includes("text/csv")) return imported;
    void reply.type("text/csv; charset=utf-8");
    return csvOf(imported);
  }
}

/** What a spreadsheet would take for a formula is shown as text. */
function csvOf({ items }: ImportedDevices): string {
  return stringify(items, { header: true, columns: [...COLUMNS], escape_formulas: true });
}
