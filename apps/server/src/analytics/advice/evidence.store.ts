import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { devicesSql } from "../question/devices.sql";
import type { Question } from "../question/question";
import { Statement } from "../question/statement";
import { HOUR_MS } from "../question/time-frame";

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
   * Of each device whose settings are known and of which there is something to look at: what happened since these are what
   * they are, within the range. Whole hours, so that the other questions answer the same.
   */
  async of(question: Question): Promise<Evidence[]> {
    const { frame, isFleet, nowMs } = question;
    const statement = new Statement();
    const toMs = Math.floor(Math.min(frame.toMs, nowMs) / HOUR_MS) * HOUR_MS;
    const from = statement.moment(Math.ceil(frame.fromMs / HOUR_MS) * HOUR_MS);
    const to = statement.moment(toMs);
    const members = isFleet ? "SELECT id AS device_id FROM device" : devicesSql(statement, question);
    const within = (column: string) => `${column} >= l.began AND ${column} >= ${from} AND ${column} < ${to}`;
    return statement.rows<Evidence>(
      this.database.pool,
      `WITH lived AS (
         SELECT m.device_id, c.reported_version AS version, ${setting("c.reported", "mqtt.keepAliveS", 65_535)} AS keep_alive,
                ${setting("c.reported", "mqtt.ackTimeoutS", 65_535)} AS ack_timeout,
                coalesce(${setting("c.desired", "recovery.reopenAfterS", 86_400)}, 60) AS reopen_after,
                coalesce(${setting("c.desired", "recovery.backoff", 10)}, 2) AS backoff,
                least(${to}, greatest(${from}, date_trunc('hour', v.at + interval '1 hour' - interval '1 millisecond', 'UTC'))) AS began
           FROM (${members}) AS m JOIN device_config c ON c.device_id = m.device_id
           LEFT JOIN config_version v ON v.device_id = c.device_id AND v.version = c.reported_version
       ),
       timeouts AS (
         SELECT l.device_id, sum(h.ping) AS ping, sum(h.connect) AS connect, sum(h.publish) AS publish
           FROM lived l JOIN timeout_hour h ON h.device_id = l.device_id AND ${within("h.hour")} GROUP BY 1
       ),
       losses AS (
         SELECT l.device_id, sum(h.count) AS count
           FROM lived l JOIN disconnect_hour h ON h.device_id = l.device_id AND ${within("h.hour")}
          WHERE h.cause = 'heartbeat-lost' GROUP BY 1
       ),
       short AS (
         SELECT l.device_id, count(*) AS count
           FROM lived l JOIN connection_interval i ON i.device_id = l.device_id AND ${within("i.ended")}
          WHERE i.state = 'connected' AND i.cause <> 'requested' AND i.ended - i.began < interval '5 minutes' GROUP BY 1
       ),
       level AS (
         SELECT l.device_id, sum(h.sum_dbm)::float8 / sum(h.samples) AS dbm
           FROM lived l JOIN timeouts t ON t.device_id = l.device_id AND t.connect > 0
           JOIN signal_hour h ON h.device_id = l.device_id AND ${within("h.hour")} GROUP BY 1
       ),
       connected AS (
         SELECT l.device_id, count(*) AS days
           FROM lived l JOIN availability_day a ON a.device_id = l.device_id AND a.connected_ms > 43200000
            AND a.day >= (l.began AT TIME ZONE 'UTC')::date AND a.day < (${to} AT TIME ZONE 'UTC')::date
          WHERE l.keep_alive < 60 GROUP BY 1
       )
       SELECT l.device_id AS "deviceId", d.name, l.began AS "from", ${to} AS "to", l.keep_alive::int AS "keepAliveS",
              l.ack_timeout::int AS "ackTimeoutS", l.reopen_after AS "reopenAfterS", l.backoff, l.version AS "configVersion",
              coalesce(t.ping, 0)::int AS "pingTimeouts", coalesce(t.connect, 0)::int AS "connectTimeouts",
              coalesce(t.publish, 0)::int AS "publishTimeouts", coalesce(x.count, 0)::int AS "heartbeatLosses",
              coalesce(c.days, 0)::int AS "connectedDays", coalesce(s.count, 0)::int AS "shortConnections",
              g.dbm AS "meanDbm"
         FROM lived l JOIN device d ON d.id = l.device_id
         LEFT JOIN timeouts t ON t.device_id = l.device_id LEFT JOIN losses x ON x.device_id = l.device_id
         LEFT JOIN short s ON s.device_id = l.device_id LEFT JOIN level g ON g.device_id = l.device_id
         LEFT JOIN connected c ON c.device_id = l.device_id
        WHERE l.keep_alive IS NOT NULL AND l.ack_timeout IS NOT NULL
          AND (l.ack_timeout >= l.keep_alive OR coalesce(t.device_id, x.device_id, s.device_id, c.device_id) IS NOT NULL)`,
    );
  }
}
