import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { isAsked } from "./question/devices.sql";
import { sourceSql } from "./question/hourly-sums";
import type { Question } from "./question/question";
import { Statement } from "./question/statement";
import { type Levels, SIGNAL, SIGNAL_SUMS, type StoredSums, toLevels, toSums } from "./signal.source";

/** Where a step of the distribution begins, in dBm. */
const STEPS_DBM = [-110, -105, -100, -95, -90, -85, -80, -75, -70];

export interface DevicesBySignal {
  /** From the weakest; a bound of null is open. */
  distribution: { fromDbm: number | null; belowDbm: number | null; devices: number }[];
  worst: (Levels & { deviceId: string; name: string })[];
}

@Injectable()
export class SignalStore {
  constructor(private readonly database: Database) {}

  /** Devices by the mean of their samples. */
  async byDevice(question: Question): Promise<DevicesBySignal> {
    const statement = new Statement();
    const { counts, worst } = await statement.row<{ counts: Record<string, number> | null; worst: WorstRow[] | null }>(
      this.database.pool,
      `WITH device_levels AS (
         SELECT p.device_id, ${SIGNAL_SUMS} FROM (${sourceSql(statement, question, SIGNAL)}) AS p
          WHERE ${isAsked(statement, question, "p.device_id")} GROUP BY 1
       ),
       steps AS (
         SELECT width_bucket(sum::float8 / samples, '{${STEPS_DBM.join(",")}}'::float8[]) AS step, count(*) AS devices
           FROM device_levels GROUP BY 1
       ),
       worst AS (
         SELECT l.device_id AS "deviceId", d.name, l.samples, l.sum, l.min, l.max
           FROM device_levels l JOIN device d ON d.id = l.device_id
          ORDER BY l.sum::float8 / l.samples, l.device_id LIMIT ${statement.parameter("int", question.limit)}
       )
       SELECT (SELECT json_object_agg(step, devices) FROM steps) AS counts, (SELECT json_agg(worst) FROM worst) AS worst`,
    );
    return {
      distribution: Array.from({ length: STEPS_DBM.length + 1 }, (_, step) => ({
        fromDbm: STEPS_DBM[step - 1] ?? null,
        belowDbm: STEPS_DBM[step] ?? null,
        devices: counts?.[step] ?? 0,
      })),
      worst: (worst ?? []).map(({ deviceId, name, ...sums }) => ({ deviceId, name, ...toLevels(toSums(sums)) })),
    };
  }
}

type WorstRow = StoredSums & { deviceId: string; name: string };
