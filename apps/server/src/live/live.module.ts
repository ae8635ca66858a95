import { Module } from "@nestjs/common";
import { LiveFeed } from "./live-feed";
import { LiveTrimmer } from "./live-trimmer";
import { LiveController } from "./live.controller";
import { LiveStore } from "./live.store";

/** Tells readers what changes in the fleet, as it changes. */
@Module({
  controllers: [LiveController],
  providers: [LiveFeed, LiveStore, LiveTrimmer],
})
export class LiveModule {}
