import type { ExportFormat } from "@mn316-fleet/contracts";
import { Inject, Injectable, type OnModuleDestroy } from "@nestjs/common";
import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { Logger } from "pino";
import { inThisScope } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import type { Dataset, DeviceFilter, Row, RowFilter } from "./dataset";
import { ExportSlots } from "./export-slots";
import { ExportStore } from "./export.store";
import { FORMATS } from "./formats/formats";
import { STALLED_AFTER_MS, watchForStall } from "./stall-watch";

export interface ExportRequest {
  dataset: Dataset;
  devices: DeviceFilter;
  filter: RowFilter;
  format: ExportFormat;
  callerId: string;
  isGzipped: boolean;
  response: ServerResponse;
}

/** Runs exports: each is pulled by its reader, and ends with it. */
@Injectable()
export class Exports implements OnModuleDestroy {
  /** How long a reader may take nothing, in ms. */
  stalledAfterMs = STALLED_AFTER_MS;
  private readonly running = new Set<Readable>();

  constructor(
    private readonly store: ExportStore,
    private readonly slots: ExportSlots,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** An export that was cut off can be told from one that is whole: its last chunk, or its footer, is missing. */
  onModuleDestroy(): void {
    for (const stream of this.running) stream.destroy(new Error("the server stops"));
  }

  /**
   * Begins an export; its first rows are read before this resolves, so that what fails at once can still be told.
   * @throws 429, 503 (see ExportSlots)
   */
  async begin({ dataset, devices, filter, format, callerId, isGzipped, response }: ExportRequest): Promise<Readable> {
    const release = this.slots.take(callerId);
    const reader = new AbortController();
    const onGone = () => {
      reader.abort();
    };
    response.once("close", onGone);
    try {
      const pages = inThisScope(this.store.pages(dataset, devices, filter, reader.signal));
      const first = await pages.next();
      const bytes = Readable.from(FORMATS[format].write(dataset, continued(first, pages)), { objectMode: false });
      const stream = isGzipped ? pipeline(bytes, createGzip(), () => undefined) : bytes;
      this.follow(stream, dataset, response);
      stream.once("close", () => {
        reader.abort();
        release();
      });
      return stream;
    } catch (error) {
      response.off("close", onGone);
      release();
      throw error;
    }
  }

  private follow(stream: Readable, { name }: Dataset, response: ServerResponse): void {
    this.running.add(stream);
    const endWatch = watchForStall(response, this.stalledAfterMs, () => {
      stream.destroy(new Error("the reader takes nothing"));
    });
    stream.once("error", (error) => {
      if (response.destroyed) return; // the reader went away
      this.logger.warn({ export: name, reason: error.message }, "an export was cut off");
      // Whoever reads without chunks, as HTTP/1.0 does, would take a mere end for the end of the file.
      response.socket?.resetAndDestroy();
    });
    stream.once("close", () => {
      endWatch();
      this.running.delete(stream);
    });
  }
}

async function* continued(first: IteratorResult<Row[], void>, pages: AsyncGenerator<Row[]>): AsyncGenerator<Row[]> {
  if (first.done) return;
  yield first.value;
  yield* pages;
}
