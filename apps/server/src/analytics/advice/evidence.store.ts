import { LIMITS } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { isAsked } from "../question/devices.sql";
import type { Question } from "../question/question";
import { Statement } from "../question/statement";
import { HOUR_MS } from "../question/time-frame";
import { MANY, SOME } from "./thresholds";

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
  constructor(private readonly database: Database) {}

  /**
   * Of each device whose settings are known and of which some rule may have something to say: what happened since these are
   * what they are, within the range. Whole hours, so that the other questions answer the same. Of a large fleet nearly all
   * devices are well: what is plain of them is decided here, by the rules' own thresholds.
   */
  async of(question: Question): Promise<Evidence[]> {
    const { frame, nowMs } = question;
    const statement = new Statement();
    const toMs = Math.floor(Math.min(frame.toMs, nowMs) / HOUR_MS) * HOUR_MS;
    const from = statement.moment(Math.ceil(frame.fromMs / HOUR_MS) * HOUR_MS);
    const to = statement.moment(toMs);
    const isMember = (column: string) => `AND ${isAsked(statement, question, column)}`;
    const within = (column: string) => `${column} >= ${from} AND ${column} < ${to}`;
    const since = (row: string, column: string) => `LEFT JOIN changed k ON k.device_id = ${row}.device_id
          WHERE ${within(`${row}.${column}`)} AND (k.device_id IS NULL OR ${row}.${column} >= k.began)`;
    const sql = `
       WITH changed AS NOT MATERIALIZED (
         SELECT c.device_id,
                least(${to}, date_trunc('hour', v.at + interval '1 hour' - interval '1 millisecond', 'UTC')) AS began
           FROM config_version v JOIN device_config c ON c.device_id = v.device_id AND c.reported_version = v.version
          WHERE v.at > ${from}
       ),
       counts AS MATERIALIZED (
         SELECT device_id, sum(ping) AS ping, sum(connect) AS connect, sum(publish) AS publish, sum(losses) AS losses FROM (
           SELECT h.device_id, h.ping, h.connect, h.publish, 0 AS losses
             FROM timeout_hour h ${since("h", "hour")} ${isMember("h.device_id")}
           UNION ALL
           SELECT h.device_id, 0, 0, 0, h.count
             FROM disconnect_hour h ${since("h", "hour")} AND h.cause = 'heartbeat-lost' ${isMember("h.device_id")}
         ) AS parts GROUP BY 1
       ),
       short AS (
         SELECT i.device_id, count(*) AS count FROM connection_interval i ${since("i", "ended")}
            AND i.state = 'connected' AND i.cause <> 'requested' AND i.ended - i.began < interval '5 minutes'
            ${isMember("i.device_id")} GROUP BY 1 HAVING count(*) >= ${SOME}
       ),
       connected AS (
         SELECT a.device_id, count(*) AS days
           FROM device_config c JOIN availability_day a ON a.device_id = c.device_id
           LEFT JOIN changed k ON k.device_id = c.device_id
          WHERE c.keep_alive_s < 60 AND a.connected_ms > 43200000
            AND a.week > (${from} AT TIME ZONE 'UTC')::date - 7 AND a.week < (${to} AT TIME ZONE 'UTC')::date
            AND a.day >= (coalesce(k.began, ${from}) AT TIME ZONE 'UTC')::date AND a.day < (${to} AT TIME ZONE 'UTC')::date
          GROUP BY 1
       ),
       telling AS MATERIALIZED (
         SELECT c.device_id, coalesce(t.ping, 0) AS ping, coalesce(t.connect, 0) AS connect, coalesce(t.publish, 0) AS publish,
                coalesce(t.losses, 0) AS losses, coalesce(n.days, 0) AS days, coalesce(s.count, 0) AS short
           FROM device_config c LEFT JOIN counts t ON t.device_id = c.device_id
           LEFT JOIN short s ON s.device_id = c.device_id LEFT JOIN connected n ON n.device_id = c.device_id
          WHERE c.keep_alive_s IS NOT NULL AND c.ack_timeout_s IS NOT NULL ${isMember("c.device_id")} AND (
                c.ack_timeout_s >= c.keep_alive_s OR t.ping - ${LIMITS.heartbeatLosses} * t.losses >= ${MANY}
                OR (t.losses >= 2 AND c.keep_alive_s > ${LIMITS.keepAliveS.default}) OR n.days >= ${MANY}
                OR t.connect >= ${SOME} OR t.publish >= ${MANY} OR s.count >= ${SOME})
       )
       SELECT l.device_id AS "deviceId", d.name, least(${to}, coalesce(k.began, ${from})) AS "from", ${to} AS "to",
              c.keep_alive_s AS "keepAliveS", c.ack_timeout_s AS "ackTimeoutS",
              coalesce(${setting("c.desired", "recovery.reopenAfterS", 86_400)}, 60) AS "reopenAfterS",
              coalesce(${setting("c.desired", "recovery.backoff", 10)}, 2) AS backoff, c.reported_version AS "configVersion",
              l.ping::int AS "pingTimeouts", l.connect::int AS "connectTimeouts", l.publish::int AS "publishTimeouts",
              l.losses::int AS "heartbeatLosses", l.days::int AS "connectedDays", l.short::int AS "shortConnections",
              CASE WHEN l.connect > 0 THEN (
                SELECT sum(h.sum_dbm)::float8 / sum(h.samples) FROM signal_hour h
                 WHERE h.device_id = l.device_id AND ${within("h.hour")} AND h.hour >= coalesce(k.began, ${from})
              ) END AS "meanDbm"
         FROM telling l JOIN device d ON d.id = l.device_id JOIN device_config c ON c.device_id = l.device_id
         LEFT JOIN changed k ON k.device_id = l.device_id`;
    return this.database.transaction(async (tx) => {
      // What the policies seem to cost hides from PostgreSQL that adding up in memory takes a third less than sorting first.
      await tx.query("SET LOCAL enable_sort = off");
      return statement.rows<Evidence>(tx, sql);
    });
  }
}
