import type { Signal, SignalQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Asking } from "./question/asking";
import { Countings } from "./question/countings";
import { HourlySums } from "./question/hourly-sums";
import { hourOfDay } from "./question/local-buckets";
import { inBuckets, type Question } from "./question/question";
import { SIGNAL, SIGNAL_SUMS, type SignalSums, type StoredSums, together, toLevels, toSums } from "./signal.source";
import { SignalStore } from "./signal.store";

type Sums = SignalSums & { bucket: number; group: string | null };

/** How well modules hear their network. */
@Injectable()
export class SignalQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly countings: Countings,
    private readonly hourly: HourlySums,
    private readonly store: SignalStore,
  ) {}

  async answer(query: SignalQuery): Promise<Signal> {
    const question = await this.asking.question(query);
    const [head, buckets, { distribution, worst }, groups] = await Promise.all([
      this.asking.head(question),
      this.sums(question, "bucket"),
      this.store.byDevice(question),
      this.groups(question),
    ]);
    return {
      ...head,
      bucket: query.bucket,
      ...toLevels(together(buckets)),
      rows: buckets.map((sums) => ({
        at: new Date(question.frame.begin(sums.bucket)).toISOString(),
        ...toLevels(sums),
      })),
      distribution,
      worst,
      ...(groups && { groups }),
    };
  }

  private async groups(question: Question): Promise<Signal["groups"]> {
    if (question.groupBy === undefined) return undefined;
    if (question.groupBy === "hour-of-day") return this.hoursOfDay(question);
    const groups = (await this.sums(question, "group"))
      .map((sums) => ({ group: sums.group, ...toLevels(sums) }))
      .sort((a, b) => Number(a.meanDbm) - Number(b.meanDbm) || (a.group ?? "").localeCompare(b.group ?? ""))
      .slice(0, question.limit);
    return this.countings.named(question, groups);
  }

  private async hoursOfDay(question: Question): Promise<Signal["groups"]> {
    const hours = inBuckets(question, "hour");
    const { frame } = hours;
    const buckets = await this.sums(hours, "bucket");
    return Array.from({ length: 24 }, (_, hour) => {
      const own = buckets.filter(({ bucket }) => hourOfDay(frame.timeZone, frame.begin(bucket)) === hour);
      return { group: String(hour), ...toLevels(together(own)) };
    });
  }

  private async sums(question: Question, by: "bucket" | "group"): Promise<Sums[]> {
    const rows = await this.hourly.sums<StoredSums & { bucket: number; group: string | null }>(
      question,
      SIGNAL,
      by,
      SIGNAL_SUMS,
    );
    return rows.map(toSums);
  }
}
