import type { Outages, OutagesQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { latencyBounds } from "../history/latency-buckets";
import { outageHistogram } from "./outages.source";
import { noOutages, type OutageRow, type OutageSums, OutagesStore } from "./outages.store";
import { Asking } from "./question/asking";
import { allOf, Countings, groupName } from "./question/countings";
import { DeviceTimes } from "./question/device-times";
import { HourlyStates } from "./question/hourly-states";
import { hourOfDay } from "./question/local-buckets";
import { inBuckets, type Question } from "./question/question";

/** How often modules were away, how long, and how long until the next time. */
@Injectable()
export class OutagesQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly store: OutagesStore,
    private readonly countings: Countings,
    private readonly times: DeviceTimes,
    private readonly states: HourlyStates,
  ) {}

  async answer({ cause, ...query }: OutagesQuery): Promise<Outages> {
    const question = await this.asking.question(query);
    const longest = this.store.longest(question, cause);
    const [time, sums, histogram, rows, groups] = await Promise.all([
      this.asking.fleetTime(question),
      this.sums({ ...question, groupBy: undefined }, cause, longest),
      // The fleet's histogram does not tell causes apart.
      this.countings.buckets(
        { ...inBuckets(question, "range"), isFleet: question.isFleet && cause === undefined },
        outageHistogram(cause),
      ),
      longest,
      this.groups(question, cause),
    ]);
    return {
      ...(await this.asking.head(question, time)),
      ...figures(sums, time.connectedMs),
      connectedSeconds: time.connectedMs / 1_000,
      distribution: [...allOf(histogram).counts]
        .map(([bucket, outages]) => ({ ...latencyBounds(Number(bucket)), outages }))
        .sort((a, b) => a.fromMs - b.fromMs)
        .map(({ fromMs, toMs, outages }) => ({
          fromSeconds: fromMs / 1_000,
          toSeconds: Number.isFinite(toMs) ? toMs / 1_000 : null,
          outages,
        })),
      rows: await this.named(rows),
      ...(groups && { groups }),
    };
  }

  private async sums(
    question: Question,
    cause: OutagesQuery["cause"],
    longest: Promise<OutageRow[]>,
  ): Promise<OutageSums> {
    if (question.isFleet) return this.store.ofFleet(question, cause, await longest);
    return (await this.store.sums(question, cause))[0] ?? noOutages(null);
  }

  private async groups(question: Question, cause: OutagesQuery["cause"]): Promise<Outages["groups"]> {
    if (question.groupBy === undefined) return undefined;
    const isByHour = question.groupBy === "hour-of-day";
    const sums = (await this.store.sums(question, cause)).slice(0, isByHour ? 24 : question.limit);
    const connected = isByHour ? await this.connectedByHour(question) : await this.connectedByGroup(question, sums);
    const named = await this.countings.named(question, sums);
    return named.map((group) => ({ ...groupName(group), ...figures(group, connected.get(group.group) ?? 0) }));
  }

  private async connectedByGroup(question: Question, sums: readonly OutageSums[]): Promise<Map<string | null, number>> {
    const times = await this.times.byGroup(
      question,
      sums.map(({ group }) => group),
    );
    return new Map(times.map(({ group, connectedMs }) => [group, connectedMs]));
  }

  private async connectedByHour(question: Question): Promise<Map<string | null, number>> {
    const hours = inBuckets(question, "hour");
    const { frame } = hours;
    const connected = new Map<string | null, number>();
    for (const { bucket, state, ms } of await this.states.byBucket(hours)) {
      const hour = String(hourOfDay(frame.timeZone, frame.begin(bucket)));
      if (state === "connected") connected.set(hour, (connected.get(hour) ?? 0) + ms);
    }
    return connected;
  }

  private async named(rows: readonly OutageRow[]): Promise<Outages["rows"]> {
    const names = await this.countings.deviceNames(rows.map(({ deviceId }) => deviceId));
    return rows.map(({ deviceId, began, ended, ms, unknownMs, cause, cell }) => ({
      deviceId,
      name: names.get(deviceId) ?? "",
      began: began.toISOString(),
      ended: ended?.toISOString() ?? null,
      seconds: ms / 1_000,
      unknownSeconds: unknownMs / 1_000,
      cause,
      cell,
    }));
  }
}

function figures({ outages, ongoing, requested, endedMs, longestMs }: OutageSums, connectedMs: number) {
  const ended = outages - ongoing;
  return {
    outages,
    ongoing,
    requested,
    mtbfSeconds: outages > 0 ? connectedMs / outages / 1_000 : null,
    mttrSeconds: ended > 0 ? endedMs / ended / 1_000 : null,
    longestSeconds: outages > 0 ? longestMs / 1_000 : null,
  };
}
