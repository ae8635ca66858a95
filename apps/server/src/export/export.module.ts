import { Module } from "@nestjs/common";
import { ExportSlots } from "./export-slots";
import { ExportController } from "./export.controller";
import { ExportStore } from "./export.store";
import { Exports } from "./exports";

/** Tables as files for other systems. */
@Module({ controllers: [ExportController], providers: [Exports, ExportSlots, ExportStore] })
export class ExportModule {}
