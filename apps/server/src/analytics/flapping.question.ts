import type { Flapping, FlappingQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { DISCONNECTS } from "./disconnects.source";
import { Asking } from "./question/asking";
import { sourceSql } from "./question/hourly-sums";
import type { Question } from "./question/question";
import { Statement } from "./question/statement";

interface FlappingRow {
  deviceId: string;
  name: string;
  disconnects: string;
  flappingHours: string;
  peakPerHour: string;
  peakAt: Date;
  flapping: string;
}

/** Devices that lose their connection again and again within an hour, by the clock of the question's time zone. */
@Injectable()
export class FlappingQuestion {
  constructor(
    private readonly database: Database,
    private readonly asking: Asking,
  ) {}

  async answer({ perHour, ...query }: FlappingQuery): Promise<Flapping> {
    const question = await this.asking.question(query);
    const [head, rows] = await Promise.all([this.asking.head(question), this.flapping(question, perHour)]);
    return {
      ...head,
      perHour,
      flapping: Number(rows[0]?.flapping ?? 0),
      rows: rows.map(({ deviceId, name, disconnects, flappingHours, peakAt, peakPerHour }) => ({
        deviceId,
        name,
        disconnects: Number(disconnects),
        flappingHours: Number(flappingHours),
        peakAt: peakAt.toISOString(),
        peakPerHour: Number(peakPerHour),
      })),
    };
  }

  private flapping(question: Question, perHour: number): Promise<FlappingRow[]> {
    const statement = new Statement();
    const starts = statement.moments(question.frame.starts);
    const often = statement.parameter("int", perHour);
    return statement.rows<FlappingRow>(
      this.database.pool,
      `WITH hours AS (
         SELECT p.device_id, greatest(1, width_bucket(p.at, ${starts})) AS bucket, sum(p.value) AS count
           FROM (${sourceSql(statement, question, DISCONNECTS)}) AS p
          WHERE p.key <> 'requested'
          GROUP BY 1, 2
       ),
       -- Few of all devices, so that only theirs are put in order.
       often AS MATERIALIZED (SELECT DISTINCT device_id FROM hours WHERE count >= ${often}),
       devices AS (
         SELECT device_id, sum(count) AS disconnects, count(*) FILTER (WHERE count >= ${often}) AS flapping_hours,
                max(count) AS peak, (array_agg(bucket ORDER BY count DESC, bucket))[1] AS peak_bucket
           FROM hours WHERE device_id IN (SELECT device_id FROM often) GROUP BY 1
       )
       SELECT v.device_id AS "deviceId", d.name, v.disconnects, v.flapping_hours AS "flappingHours", v.peak AS "peakPerHour",
              (${starts})[v.peak_bucket] AS "peakAt", count(*) OVER () AS flapping
         FROM devices v JOIN device d ON d.id = v.device_id
        ORDER BY v.peak DESC, v.disconnects DESC, v.device_id LIMIT ${statement.parameter("int", question.limit)}`,
    );
  }
}
