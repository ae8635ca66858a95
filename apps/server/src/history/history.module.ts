import { Module } from "@nestjs/common";
import { DeviceStateProjector } from "./device-state.projector";
import { HistoryController } from "./history.controller";
import { HistoryStore } from "./history.store";
import { IntervalsProjector } from "./intervals.projector";
import { EventPartitions } from "./partitions";
import { TimeoutsProjector } from "./timeouts.projector";

@Module({
  controllers: [HistoryController],
  providers: [DeviceStateProjector, EventPartitions, HistoryStore, IntervalsProjector, TimeoutsProjector],
})
export class HistoryModule {}
