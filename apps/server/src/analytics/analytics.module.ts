import { Module } from "@nestjs/common";
import { ProfilesModule } from "../profiles/profiles.module";
import { AdviceController } from "./advice.controller";
import { AdviceService } from "./advice/advice.service";
import { EvidenceStore } from "./advice/evidence.store";
import { SuspectsStore } from "./advice/suspects.store";
import { AnalyticsController } from "./analytics.controller";
import { AvailabilityQuestion } from "./availability.question";
import { ConnectLatencyQuestion } from "./connect-latency.question";
import { CorrelatedQuestion } from "./correlated.question";
import { DisconnectsQuestion } from "./disconnects.question";
import { FlappingQuestion } from "./flapping.question";
import { OutagesQuestion } from "./outages.question";
import { OutagesStore } from "./outages.store";
import { Asking } from "./question/asking";
import { Countings } from "./question/countings";
import { DeviceTimes } from "./question/device-times";
import { HourlyStates } from "./question/hourly-states";
import { HourlySums } from "./question/hourly-sums";
import { SignalQuestion } from "./signal.question";
import { SignalStore } from "./signal.store";
import { TimeoutsQuestion } from "./timeouts.question";
import { RecordStore } from "./what-if/record.store";
import { WhatIfService } from "./what-if/what-if.service";

const QUESTION = [Asking, Countings, DeviceTimes, HourlyStates, HourlySums];
const STORES = [EvidenceStore, OutagesStore, RecordStore, SignalStore, SuspectsStore];

/** Answers from what history stores; it writes nothing. */
@Module({
  imports: [ProfilesModule],
  controllers: [AnalyticsController, AdviceController],
  providers: [
    ...QUESTION,
    ...STORES,
    AdviceService,
    WhatIfService,
    AvailabilityQuestion,
    ConnectLatencyQuestion,
    CorrelatedQuestion,
    DisconnectsQuestion,
    FlappingQuestion,
    OutagesQuestion,
    SignalQuestion,
    TimeoutsQuestion,
  ],
})
export class AnalyticsModule {}
