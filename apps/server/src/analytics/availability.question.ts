import type { Availability, AvailabilityQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Asking } from "./question/asking";
import { Countings } from "./question/countings";
import { DeviceTimes, type GroupTime, type KnownTime } from "./question/device-times";
import { HourlyStates, type StateTime } from "./question/hourly-states";
import { hourOfDay } from "./question/local-buckets";
import { inBuckets, type Question } from "./question/question";

/** Connected time as a share of known time. */
@Injectable()
export class AvailabilityQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly times: DeviceTimes,
    private readonly states: HourlyStates,
    private readonly countings: Countings,
  ) {}

  async answer(query: AvailabilityQuery): Promise<Availability> {
    const question = await this.asking.question({ ...query, limit: query.worst });
    const [byDevice, series, groups] = await Promise.all([
      this.times.byDevice(question),
      query.bucket === undefined ? undefined : this.states.byBucket(question),
      this.groups(question),
    ]);
    return {
      ...(await this.asking.head(question, byDevice)),
      fleet: inSeconds(byDevice),
      percentiles: byDevice.percentiles,
      rows: byDevice.worst.map((row) => ({ deviceId: row.deviceId, ...inSeconds(row) })),
      ...(series && {
        series: [...known(series, ({ bucket }) => bucket)].map(([bucket, time]) => ({
          at: new Date(question.frame.begin(bucket)).toISOString(),
          ...inSeconds(time),
        })),
      }),
      ...(groups && { groups }),
    };
  }

  private async groups(question: Question): Promise<Availability["groups"]> {
    if (question.groupBy === undefined) return undefined;
    const groups =
      question.groupBy === "hour-of-day"
        ? await this.hoursOfDay(question)
        : await this.countings.named(question, await this.times.byGroup(question));
    return groups.map(({ connectedMs, knownMs, ...group }) => ({ ...group, ...inSeconds({ connectedMs, knownMs }) }));
  }

  private async hoursOfDay(question: Question): Promise<GroupTime[]> {
    const hours = inBuckets(question, "hour");
    const { frame } = hours;
    const [states, { devices }] = await Promise.all([this.states.byBucket(hours), this.asking.head(question)]);
    const byHour = known(states, ({ bucket }) => hourOfDay(frame.timeZone, frame.begin(bucket)));
    return Array.from({ length: 24 }, (_, hour) => ({
      group: String(hour),
      devices,
      ...(byHour.get(hour) ?? { connectedMs: 0, knownMs: 0 }),
    }));
  }
}

/** Known and connected time by a key of the buckets, in the order of these; nothing where nothing is known. */
function known(times: readonly StateTime[], keyOf: (time: StateTime) => number): Map<number, KnownTime> {
  const sums = new Map<number, KnownTime>();
  for (const time of times) {
    if (time.state === "unknown") continue;
    const sum = sums.get(keyOf(time)) ?? { connectedMs: 0, knownMs: 0 };
    sums.set(keyOf(time), sum);
    sum.knownMs += time.ms;
    if (time.state === "connected") sum.connectedMs += time.ms;
  }
  return sums;
}

function inSeconds({ connectedMs, knownMs }: KnownTime) {
  return {
    connectedSeconds: connectedMs / 1_000,
    knownSeconds: knownMs / 1_000,
    availability: knownMs > 0 ? Math.min(1, connectedMs / knownMs) : null,
  };
}
