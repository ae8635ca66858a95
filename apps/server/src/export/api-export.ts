import { problemSchema } from "@mn316-fleet/contracts";
import { applyDecorators } from "@nestjs/common";
import { ApiResponse } from "@nestjs/swagger";
import { ApiResult } from "../platform/http/api-result";

const PROBLEM = { standardSchema: problemSchema };

/** Documents a file in the format that `format` asks for. */
export function ApiExport() {
  return applyDecorators(
    ApiResult(undefined),
    ApiResponse({
      status: 200,
      description: "The rows as a file; what ends without its last chunk, or without a Parquet footer, is not whole.",
      content: {
        "text/csv": { schema: { type: "string" } },
        "application/x-ndjson": { schema: { type: "string" } },
        "application/vnd.apache.parquet": { schema: { type: "string", format: "binary" } },
      },
    }),
    ApiResponse({ status: 429, description: "The key has too many exports under way.", ...PROBLEM }),
    ApiResponse({ status: 503, description: "The node has too many exports under way.", ...PROBLEM }),
  );
}
