import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { addingUp } from "./question/adding-up";
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
    // Of the weakest some may have been removed, so that others are worth listing.
    for (let weakest = question.limit; ; weakest *= 4) {
      const { counts, worst } = await this.levels(question, weakest);
      const distribution = Array.from({ length: STEPS_DBM.length + 1 }, (_, step) => ({
        fromDbm: STEPS_DBM[step - 1] ?? null,
        belowDbm: STEPS_DBM[step] ?? null,
        devices: counts?.[step] ?? 0,
      }));
      const devices = distribution.reduce((sum, step) => sum + step.devices, 0);
      const rows = worst ?? [];
      if (rows.length === question.limit || devices <= weakest)
        return {
          distribution,
          worst: rows.map(({ deviceId, name, ...sums }) => ({ deviceId, name, ...toLevels(toSums(sums)) })),
        };
    }
  }

  /** @param weakest among so many of the weakest the worst are looked for that are still there */
  private levels(question: Question, weakest: number): Promise<LevelsRow> {
    const statement = new Statement();
    const sql = `WITH device_levels AS (
         SELECT p.device_id, ${SIGNAL_SUMS} FROM (${sourceSql(statement, question, SIGNAL)}) AS p GROUP BY 1
       ),
       steps AS (
         SELECT width_bucket(sum::float8 / samples, '{${STEPS_DBM.join(",")}}'::float8[]) AS step, count(*) AS devices
           FROM device_levels GROUP BY 1
       ),
       weakest AS (
         SELECT *, sum::float8 / samples AS mean FROM device_levels
          ORDER BY mean, device_id LIMIT ${statement.parameter("int", weakest)}
       ),
       worst AS (
         SELECT w.device_id AS "deviceId", d.name, w.samples, w.sum, w.min, w.max
           FROM weakest w JOIN device d ON d.id = w.device_id
          ORDER BY w.mean, w.device_id LIMIT ${statement.parameter("int", question.limit)}
       )
       SELECT (SELECT json_object_agg(step, devices) FROM steps) AS counts, (SELECT json_agg(worst) FROM worst) AS worst`;
    return addingUp(this.database, (tx) => statement.row<LevelsRow>(tx, sql));
  }
}

interface LevelsRow {
  counts: Record<string, number> | null;
  worst: WorstRow[] | null;
}
type WorstRow = StoredSums & { deviceId: string; name: string };
