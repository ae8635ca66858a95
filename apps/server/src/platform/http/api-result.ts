import { problemSchema } from "@mn316-fleet/contracts";
import { applyDecorators, HttpCode } from "@nestjs/common";
import { ApiResponse } from "@nestjs/swagger";
import type { z } from "zod";

/**
 * Documents what a route answers, from the schema that also types it, and sets its status.
 * @param schema undefined for an answer without a body
 */
export function ApiResult(schema: z.ZodType | undefined, status = 200, description = "Success") {
  return applyDecorators(
    HttpCode(status),
    ApiResponse({ status, description, ...(schema && { standardSchema: schema }) }),
    ApiResponse({ status: "default", description: "Problem document (RFC 9457)", standardSchema: problemSchema }),
  );
}
