import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { isAsked } from "../question/devices.sql";
import { ofFew, type Question } from "../question/question";
import { Statement } from "../question/statement";
import { changedSql, hoursOf, IS_SHORT, Moments } from "./evidence.sql";
import { SuspectsStore } from "./suspects.store";

/** What the rules of advice look at: one device's settings, and what happened under them in whole hours. */
export interface Evidence {
  deviceId: string;
  name: string;
  from: Date;
  to: Date;
  keepAliveS: number;
  ackTimeoutS: number;
  reopenAfterS: number;
  backoff: number;
  configVersion: number;
  pingTimeouts: number;
  connectTimeouts: number;
  publishTimeouts: number;
  heartbeatLosses: number;
  /** Days of UTC within which the module was connected for most of the time. */
  connectedDays: number;
  /** Connections that ended within five minutes other than by request. */
  shortConnections: number;
  meanDbm: number | null;
}

/** A number of a configuration, where an agent reported one in its range. */
const setting = (document: string, path: string, max: number) =>
  `(jsonb_path_query_first(${document}, '$.${path} ? (@.type() == "number" && @ >= 1 && @ <= ${max})'))::float8`;

@Injectable()
export class EvidenceStore {
  constructor(
    private readonly database: Database,
    private readonly suspects: SuspectsStore,
  ) {}

  /**
   * Of each device whose settings are known and of which some rule may have something to say: what happened since these are
   * what they are, within the range.
   */
  async of(question: Question): Promise<Evidence[]> {
    const hours = hoursOf(question.frame, question.nowMs);
    const ids = await this.suspects.of(question, hours);
    if (ids.length === 0) return [];
    const statement = new Statement();
    const moments = new Moments(statement, hours);
    const { from, to } = moments;
    const asked = ofFew(question, ids);
    const isMember = (column: string) => isAsked(statement, asked, column);
    /** Rows of a table with a time, of devices and hours that count. */
    const since = (row: string, column: string) => `LEFT JOIN changed k ON k.device_id = ${row}.device_id
          WHERE ${isMember(`${row}.device_id`)} AND ${moments.within(`${row}.${column}`)}
            AND (k.device_id IS NULL OR ${row}.${column} >= k.began)`;
    return statement.rows<Evidence>(
      this.database.pool,
      `WITH changed AS NOT MATERIALIZED (${changedSql(moments)}),
       timeouts AS (
         SELECT h.device_id, sum(h.ping) AS ping, sum(h.connect) AS connect, sum(h.publish) AS publish
           FROM timeout_hour h ${since("h", "hour")} GROUP BY 1
       ),
       losses AS (
         SELECT h.device_id, sum(h.count) AS count FROM disconnect_hour h ${since("h", "hour")}
            AND h.cause = 'heartbeat-lost' GROUP BY 1
       ),
       short AS (
         SELECT i.device_id, count(*) AS count FROM connection_interval i ${since("i", "ended")} AND ${IS_SHORT} GROUP BY 1
       ),
       connected AS (
         SELECT w.device_id, sum(${moments.connectedDays("k.began")}) AS days
           FROM availability_week w LEFT JOIN changed k ON k.device_id = w.device_id
          WHERE ${isMember("w.device_id")} AND ${moments.weeks("w.week")} GROUP BY 1
       )
       SELECT c.device_id AS "deviceId", d.name, least(${to}, coalesce(k.began, ${from})) AS "from", ${to} AS "to",
              c.keep_alive_s AS "keepAliveS", c.ack_timeout_s AS "ackTimeoutS",
              coalesce(${setting("c.desired", "recovery.reopenAfterS", 86_400)}, 60) AS "reopenAfterS",
              coalesce(${setting("c.desired", "recovery.backoff", 10)}, 2) AS backoff, c.reported_version AS "configVersion",
              coalesce(t.ping, 0)::int AS "pingTimeouts", coalesce(t.connect, 0)::int AS "connectTimeouts",
              coalesce(t.publish, 0)::int AS "publishTimeouts", coalesce(l.count, 0)::int AS "heartbeatLosses",
              coalesce(n.days, 0)::int AS "connectedDays", coalesce(s.count, 0)::int AS "shortConnections",
              CASE WHEN t.connect > 0 THEN (
                SELECT sum(h.sum_dbm)::float8 / sum(h.samples) FROM signal_hour h
                 WHERE h.device_id = c.device_id AND ${moments.within("h.hour")} AND h.hour >= coalesce(k.began, ${from})
              ) END AS "meanDbm"
         FROM device_config c JOIN device d ON d.id = c.device_id LEFT JOIN changed k ON k.device_id = c.device_id
         LEFT JOIN timeouts t ON t.device_id = c.device_id LEFT JOIN losses l ON l.device_id = c.device_id
         LEFT JOIN short s ON s.device_id = c.device_id LEFT JOIN connected n ON n.device_id = c.device_id
        WHERE c.device_id = ANY (${statement.parameter("uuid[]", ids)}) AND c.keep_alive_s IS NOT NULL AND c.ack_timeout_s IS NOT NULL`,
    );
  }
}
