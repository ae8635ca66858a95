import type { ExportFormat } from "@mn316-fleet/contracts";
import type { Dataset, Row } from "../dataset";
import { csv } from "./csv";
import { ndjson } from "./ndjson";
import { parquet } from "./parquet";

interface Format {
  mediaType: string;
  /** Whether gzip makes it smaller. */
  isText: boolean;
  write(dataset: Dataset, pages: AsyncIterable<Row[]>): AsyncGenerator<Buffer>;
}

export const FORMATS: Record<ExportFormat, Format> = {
  csv: { mediaType: "text/csv; charset=utf-8", isText: true, write: csv },
  ndjson: { mediaType: "application/x-ndjson; charset=utf-8", isText: true, write: ndjson },
  parquet: { mediaType: "application/vnd.apache.parquet", isText: false, write: parquet },
};
