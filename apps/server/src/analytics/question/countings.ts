import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { type Count, type HourlySource, HourlySums } from "./hourly-sums";
import { hourOfDay } from "./local-buckets";
import { inBuckets, type Question } from "./question";

/** Counts of one bucket or group, by key. */
export interface Counted {
  counts: Map<string, number>;
  total: number;
}
export interface CountedBucket extends Counted {
  at: string;
  bucket: number;
}
export interface CountedGroup extends Counted {
  group: string | null;
  name?: string;
}

/** Counts put together by time and by group, as answers list them. */
@Injectable()
export class Countings {
  constructor(
    private readonly database: Database,
    private readonly hourly: HourlySums,
  ) {}

  /** Buckets in which there is something. */
  async buckets(question: Question, source: HourlySource): Promise<CountedBucket[]> {
    const counts = await this.hourly.counts(question, source, "bucket");
    return [...together(counts, ({ bucket }) => bucket)].map(([bucket, counted]) => ({
      ...counted,
      bucket,
      at: new Date(question.frame.begin(bucket)).toISOString(),
    }));
  }

  /** Groups over the whole range, those with the most first; of the hours of the day all, in their order. */
  async groups(question: Question, source: HourlySource): Promise<CountedGroup[] | undefined> {
    if (question.groupBy === undefined) return undefined;
    if (question.groupBy === "hour-of-day") return this.hoursOfDay(question, source);
    const counts = await this.hourly.counts(question, source, "group");
    const groups = [...together(counts, ({ group }) => group)]
      .map(([group, counted]) => ({ group, ...counted }))
      .sort((a, b) => b.total - a.total || (a.group ?? "").localeCompare(b.group ?? ""));
    return this.named(question, groups.slice(0, question.limit));
  }

  private async hoursOfDay(question: Question, source: HourlySource): Promise<CountedGroup[]> {
    const hours = inBuckets(question, "hour");
    const { frame } = hours;
    const counts = await this.hourly.counts(hours, source, "bucket");
    const byHour = together(counts, ({ bucket }) => hourOfDay(frame.timeZone, frame.begin(bucket)));
    return Array.from({ length: 24 }, (_, hour) => ({
      group: String(hour),
      ...(byHour.get(hour) ?? { counts: new Map<string, number>(), total: 0 }),
    }));
  }

  /** Names what only an id says. */
  async named<T extends { group: string | null }>(
    { groupBy, profiles }: Question,
    groups: readonly T[],
  ): Promise<(T & { name?: string })[]> {
    if (groupBy !== "device" && groupBy !== "profile") return [...groups];
    const ids = groups.flatMap(({ group }) => group ?? []);
    const names =
      groupBy === "profile" ? new Map(profiles.map(({ id, name }) => [id, name])) : await this.deviceNames(ids);
    return groups.map((group) => ({ ...group, name: names.get(group.group ?? "") ?? "" }));
  }

  async deviceNames(ids: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await this.database.pool.query<{ id: string; name: string }>(
      "SELECT id, name FROM device WHERE id = ANY ($1::uuid[])",
      [ids],
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }
}

function together<K>(counts: readonly Count[], keyOf: (count: Count) => K): Map<K, Counted> {
  const result = new Map<K, Counted>();
  for (const count of counts) {
    if (count.value === 0) continue;
    const counted = result.get(keyOf(count)) ?? { counts: new Map<string, number>(), total: 0 };
    result.set(keyOf(count), counted);
    counted.counts.set(count.key, (counted.counts.get(count.key) ?? 0) + count.value);
    counted.total += count.value;
  }
  return result;
}

/** What a group is called in an answer. */
export const groupName = ({ group, name }: Pick<CountedGroup, "group" | "name">) => ({
  group,
  ...(name !== undefined && { name }),
});

/** The counts of each key, 0 where there is none. */
export function byKey<K extends string>(keys: readonly K[], { counts }: Pick<Counted, "counts">): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, counts.get(key) ?? 0])) as Record<K, number>;
}

/** All counts of several together. */
export function allOf(counted: readonly Counted[]): Counted {
  const counts = new Map<string, number>();
  for (const each of counted) for (const [key, count] of each.counts) counts.set(key, (counts.get(key) ?? 0) + count);
  return { counts, total: counted.reduce((sum, { total }) => sum + total, 0) };
}
