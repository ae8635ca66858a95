import { Module, type OnModuleInit } from "@nestjs/common";
import { Projectors } from "../ingest/projectors";
import { DeviceStateProjector } from "./device-state.projector";
import { HistoryController } from "./history.controller";
import { HistoryStore } from "./history.store";
import { IntervalsProjector } from "./intervals.projector";
import { EventPartitions } from "./partitions";
import { RemovedDevices } from "./removed-devices";
import { HistoryRetention } from "./retention";
import { DeviceFleets } from "./rollups/device-fleets";
import { RollupsProjector } from "./rollups/rollups.projector";
import { RollupsStore } from "./rollups/rollups.store";
import { HistoryUpkeep } from "./upkeep";

@Module({
  controllers: [HistoryController],
  providers: [
    DeviceStateProjector,
    EventPartitions,
    HistoryRetention,
    HistoryStore,
    HistoryUpkeep,
    IntervalsProjector,
    RemovedDevices,
    RollupsProjector,
    DeviceFleets,
    RollupsStore,
  ],
})
export class HistoryModule implements OnModuleInit {
  constructor(
    private readonly projectors: Projectors,
    private readonly rollups: RollupsProjector,
    private readonly intervals: IntervalsProjector,
    private readonly deviceState: DeviceStateProjector,
  ) {}

  /** In this order: an outage is told with the cell that was the last one before it, not the last one of its batch. */
  onModuleInit(): void {
    this.projectors.register(this.rollups);
    this.projectors.register(this.intervals);
    this.projectors.register(this.deviceState);
  }
}
