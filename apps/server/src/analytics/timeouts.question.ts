import type { Timeouts, TimeoutsQuery } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Asking } from "./question/asking";
import { allOf, byKey, Countings, groupName } from "./question/countings";
import type { HourlySource } from "./question/hourly-sums";

const TYPES = TIMEOUT_NAMES.map((name) => `('${name}', h.${name})`).join(", ");

const TIMEOUTS: HourlySource = {
  fleet: (isHour) => `SELECT hour AS at, key, value FROM fleet_hour WHERE metric = 'timeout' AND ${isHour("hour")}`,
  rollup: (isHour) =>
    `SELECT h.hour AS at, t.key, t.value, h.device_id FROM timeout_hour h
      CROSS JOIN LATERAL (VALUES ${TYPES}) AS t (key, value) WHERE ${isHour("h.hour")} AND t.value > 0`,
  raw: (isWithin) =>
    `SELECT e.at, (ARRAY['${TIMEOUT_NAMES.join("', '")}'])[(e.fields ->> 'type')::int] AS key, 1 AS value, e.device_id
       FROM module_event e WHERE e.kind = 'timeout' AND ${isWithin("e.at")}`,
};

/** The module's timeouts by type. */
@Injectable()
export class TimeoutsQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly countings: Countings,
  ) {}

  async answer(query: TimeoutsQuery): Promise<Timeouts> {
    const question = await this.asking.question(query);
    const [head, buckets, groups] = await Promise.all([
      this.asking.head(question),
      this.countings.buckets(question, TIMEOUTS),
      this.countings.groups(question, TIMEOUTS),
    ]);
    return {
      ...head,
      bucket: query.bucket,
      totals: byKey(TIMEOUT_NAMES, allOf(buckets)),
      rows: buckets.map((bucket) => ({ at: bucket.at, ...byKey(TIMEOUT_NAMES, bucket) })),
      ...(groups && { groups: groups.map((group) => ({ ...groupName(group), ...byKey(TIMEOUT_NAMES, group) })) }),
    };
  }
}
