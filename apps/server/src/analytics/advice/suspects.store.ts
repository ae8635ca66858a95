import { LIMITS } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { addingUp } from "../question/adding-up";
import { isAsked } from "../question/devices.sql";
import type { Question } from "../question/question";
import { Statement } from "../question/statement";
import { changedSql, type Hours, IS_SHORT, Moments } from "./evidence.sql";
import { MANY, SOME } from "./thresholds";

/** Of a large fleet nearly all devices are well: finds those of which some rule may have something to say. */
@Injectable()
export class SuspectsStore {
  constructor(private readonly database: Database) {}

  /**
   * All of whom a rule would say something, and some more: what happened is counted over the whole range, so whose settings
   * changed within it is one of them. Each condition counts as little as it can, because of a hundred thousand devices
   * counting is what takes time; the one that takes most is a statement of its own, for another core.
   */
  async of(question: Question, hours: Hours): Promise<string[]> {
    const found = await Promise.all([
      this.ids(question, hours, [late]),
      this.ids(question, hours, [changed, notBelowKeepAlive, losing, failing, short, pinging]),
    ]);
    return [...new Set(found.flat())];
  }

  private async ids(question: Question, hours: Hours, conditions: readonly Condition[]): Promise<string[]> {
    const statement = new Statement();
    const moments = new Moments(statement, hours);
    const among = (column: string) => isAsked(statement, question, column);
    const sql = conditions.map((condition) => condition(moments, among)).join(" UNION ");
    const rows = await addingUp(this.database, (tx) => statement.rows<{ device_id: string }>(tx, sql));
    return rows.map(({ device_id: id }) => id);
  }
}

/** A query of the ids of devices. @param among that a column is one of the question's devices */
type Condition = (moments: Moments, among: (column: string) => string) => string;

const changed: Condition = (moments, among) =>
  `SELECT device_id FROM (${changedSql(moments)}) AS k WHERE ${among("device_id")}`;

const notBelowKeepAlive: Condition = (_, among) =>
  `SELECT device_id FROM device_config WHERE ack_timeout_s >= keep_alive_s AND ${among("device_id")}`;

/** Pings whose answers were late, but not those of a connection that was lost by them. */
const late: Condition = (moments, among) =>
  `SELECT device_id FROM (
     SELECT device_id, ping FROM timeout_hour WHERE ${moments.within("hour")} AND ${among("device_id")}
     UNION ALL
     SELECT device_id, -${LIMITS.heartbeatLosses} * count FROM disconnect_hour
      WHERE ${moments.within("hour")} AND cause = 'heartbeat-lost' AND ${among("device_id")}
   ) AS pings GROUP BY 1 HAVING sum(ping) >= ${MANY}`;

const losing: Condition = (moments, among) =>
  `SELECT h.device_id FROM disconnect_hour h JOIN device_config c ON c.device_id = h.device_id
    WHERE c.keep_alive_s > ${LIMITS.keepAliveS.default} AND ${moments.within("h.hour")} AND h.cause = 'heartbeat-lost'
      AND ${among("h.device_id")} GROUP BY 1 HAVING sum(h.count) >= 2`;

const failing: Condition = (moments, among) =>
  `SELECT device_id FROM timeout_hour WHERE ${moments.within("hour")} AND (connect > 0 OR publish > 0) AND ${among("device_id")}
    GROUP BY 1 HAVING sum(connect) >= ${SOME} OR sum(publish) >= ${MANY}`;

const short: Condition = (moments, among) =>
  `SELECT i.device_id FROM connection_interval i WHERE ${moments.within("i.ended")} AND ${IS_SHORT} AND ${among("i.device_id")}
    GROUP BY 1 HAVING count(*) >= ${SOME}`;

/** Often, for days, and always answered in time. */
const pinging: Condition = (moments, among) =>
  `SELECT c.device_id FROM device_config c JOIN availability_week w ON w.device_id = c.device_id
    WHERE c.keep_alive_s < ${LIMITS.keepAliveS.default} AND ${moments.weeks("w.week")} AND ${among("c.device_id")}
      AND c.device_id NOT IN (
        SELECT device_id FROM timeout_hour WHERE ${moments.within("hour")} AND ping > 0 AND ${among("device_id")})
    GROUP BY 1 HAVING sum(${moments.connectedDays()}) >= ${MANY}`;
