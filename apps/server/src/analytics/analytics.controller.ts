import {
  availabilityQuerySchema,
  type AvailabilityQuery,
  availabilitySchema,
  connectLatencyQuerySchema,
  type ConnectLatencyQuery,
  connectLatencySchema,
  correlatedQuerySchema,
  type CorrelatedQuery,
  correlatedSchema,
  disconnectsQuerySchema,
  type DisconnectsQuery,
  disconnectsSchema,
  flappingQuerySchema,
  type FlappingQuery,
  flappingSchema,
  outagesQuerySchema,
  type OutagesQuery,
  outagesSchema,
  signalQuerySchema,
  type SignalQuery,
  signalSchema,
  timeoutsQuerySchema,
  type TimeoutsQuery,
  timeoutsSchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { Formatted, type InFormat } from "./answer/answer-format";
import { AvailabilityQuestion } from "./availability.question";
import { ConnectLatencyQuestion } from "./connect-latency.question";
import { CorrelatedQuestion } from "./correlated.question";
import { DisconnectsQuestion } from "./disconnects.question";
import { FlappingQuestion } from "./flapping.question";
import { OutagesQuestion } from "./outages.question";
import { SignalQuestion } from "./signal.question";
import { TimeoutsQuestion } from "./timeouts.question";

/** Questions to what was stored; every answer says its range, how many devices it is about, and what nobody saw. */
@ApiTags("analytics")
@RequireRole("viewer")
@Controller("api/v1/analytics")
export class AnalyticsController {
  constructor(
    private readonly availabilities: AvailabilityQuestion,
    private readonly timeoutCounts: TimeoutsQuestion,
    private readonly disconnectCounts: DisconnectsQuestion,
    private readonly outageFigures: OutagesQuestion,
    private readonly latencies: ConnectLatencyQuestion,
    private readonly flappers: FlappingQuestion,
    private readonly signals: SignalQuestion,
    private readonly correlations: CorrelatedQuestion,
  ) {}

  /** Connected time as a share of known time, the least available devices first. */
  @Get("availability")
  @ApiResult(availabilitySchema)
  availability(@Query({ schema: availabilityQuerySchema }) query: AvailabilityQuery, @Formatted() inFormat: InFormat) {
    return inFormat(availabilitySchema, this.availabilities.answer(query));
  }

  /** The module's timeouts by type and time. */
  @Get("timeouts")
  @ApiResult(timeoutsSchema)
  timeouts(@Query({ schema: timeoutsQuerySchema }) query: TimeoutsQuery, @Formatted() inFormat: InFormat) {
    return inFormat(timeoutsSchema, this.timeoutCounts.answer(query));
  }

  /** How often modules were seen to lose their connection, by cause and time. */
  @Get("disconnects")
  @ApiResult(disconnectsSchema)
  disconnects(@Query({ schema: disconnectsQuerySchema }) query: DisconnectsQuery, @Formatted() inFormat: InFormat) {
    return inFormat(disconnectsSchema, this.disconnectCounts.answer(query));
  }

  /** How often and how long modules were away: MTBF, MTTR, durations, the longest. */
  @Get("outages")
  @ApiResult(outagesSchema)
  outages(@Query({ schema: outagesQuerySchema }) query: OutagesQuery, @Formatted() inFormat: InFormat) {
    return inFormat(outagesSchema, this.outageFigures.answer(query));
  }

  /** How long it took modules to connect. */
  @Get("connect-latency")
  @ApiResult(connectLatencySchema)
  connectLatency(
    @Query({ schema: connectLatencyQuerySchema }) query: ConnectLatencyQuery,
    @Formatted() inFormat: InFormat,
  ) {
    return inFormat(connectLatencySchema, this.latencies.answer(query));
  }

  /** Devices that lose their connection again and again within an hour. */
  @Get("flapping")
  @ApiResult(flappingSchema)
  flapping(@Query({ schema: flappingQuerySchema }) query: FlappingQuery, @Formatted() inFormat: InFormat) {
    return inFormat(flappingSchema, this.flappers.answer(query));
  }

  /** How well modules hear their network, by time and by device. */
  @Get("signal")
  @ApiResult(signalSchema)
  signal(@Query({ schema: signalQuerySchema }) query: SignalQuery, @Formatted() inFormat: InFormat) {
    return inFormat(signalSchema, this.signals.answer(query));
  }

  /** Outages of many devices of one cell or tag that began at about the same time, the latest first. */
  @Get("correlated-outages")
  @ApiResult(correlatedSchema)
  correlatedOutages(@Query({ schema: correlatedQuerySchema }) query: CorrelatedQuery, @Formatted() inFormat: InFormat) {
    return inFormat(correlatedSchema, this.correlations.answer(query));
  }
}
