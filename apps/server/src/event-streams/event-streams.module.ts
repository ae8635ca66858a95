import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { DeliveryStore } from "./delivery.store";
import { EventStreamsController } from "./event-streams.controller";
import { EventStreamsService } from "./event-streams.service";
import { EventStreamsStore } from "./event-streams.store";
import { StreamPace } from "./stream-pace";
import { StreamWorkers } from "./stream-workers";

/** Pushes events to other systems, at least once and in each device's order. */
@Module({
  imports: [IdempotencyModule],
  controllers: [EventStreamsController],
  providers: [DeliveryStore, EventStreamsService, EventStreamsStore, StreamPace, StreamWorkers],
})
export class EventStreamsModule {}
