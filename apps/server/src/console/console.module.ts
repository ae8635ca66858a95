import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { ConsoleGateway } from "./console.gateway";
import { ConsoleRelay } from "./console-relay";
import { DeviceLinkWatch } from "./device-link-watch";

/** The live AT console: an operator's socket on one side, a device's module on the other. */
@Module({ imports: [ConfigsModule], providers: [ConsoleGateway, ConsoleRelay, DeviceLinkWatch] })
export class ConsoleModule {}
