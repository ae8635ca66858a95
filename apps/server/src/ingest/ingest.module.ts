import { Global, Module } from "@nestjs/common";
import { EventWriter } from "./event-writer";
import { Ingest } from "./ingest";
import { Projectors } from "./projectors";

/** From batches to committed events; features register their projectors here. */
@Global()
@Module({ providers: [EventWriter, Ingest, Projectors], exports: [Ingest, Projectors] })
export class IngestModule {}
