import { Module } from "@nestjs/common";
import { DevicesController } from "./devices.controller";
import { DevicesService } from "./devices.service";
import { DevicesStore } from "./devices.store";

/** The register of devices and what is last known of each. */
@Module({ controllers: [DevicesController], providers: [DevicesService, DevicesStore] })
export class DevicesModule {}
