import { type Correlated, type CorrelatedQuery, NAMED_DEVICES } from "@mn316-fleet/contracts";
import type { Cause } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { type Begin, incidents } from "./incidents";
import { Asking } from "./question/asking";
import { devicesSql } from "./question/devices.sql";
import type { Question } from "./question/question";
import { Statement } from "./question/statement";

type Options = Pick<CorrelatedQuery, "by" | "windowS" | "minDevices">;

/** Outages of many devices that have something in common, begun at about the same time: rather the network than a device. */
@Injectable()
export class CorrelatedQuestion {
  constructor(
    private readonly database: Database,
    private readonly asking: Asking,
  ) {}

  async answer({ by, windowS, minDevices, ...query }: CorrelatedQuery): Promise<Correlated> {
    const question = await this.asking.question(query);
    const [head, begins] = await Promise.all([
      this.asking.head(question),
      this.begins(question, { by, windowS, minDevices }),
    ]);
    return {
      ...head,
      by,
      windowS,
      minDevices,
      rows: incidents(begins, windowS * 1_000, minDevices)
        .sort((a, b) => b.beganMs - a.beganMs || (a.group < b.group ? -1 : 1))
        .slice(0, question.limit)
        .map(({ group, beganMs, lastBeganMs, deviceIds, cause }) => ({
          group,
          began: new Date(beganMs).toISOString(),
          lastBegan: new Date(lastBeganMs).toISOString(),
          devices: deviceIds.length,
          cause,
          deviceIds: deviceIds.slice(0, NAMED_DEVICES),
        })),
    };
  }

  /**
   * Begins of outages in their group's order, but for those that have too few others near to be part of an incident: so
   * that of a large fleet's outages only a few are read.
   */
  private async begins(question: Question, { by, windowS, minDevices }: Options): Promise<Begin[]> {
    const { frame, isFleet } = question;
    const statement = new Statement();
    const [from, to] = [statement.moment(frame.fromMs), statement.moment(frame.toMs)];
    const isMember = isFleet
      ? ""
      : `AND o.device_id IN (SELECT device_id FROM (${devicesSql(statement, question)}) AS d)`;
    const window = statement.parameter("interval", `${windowS} s`);
    const near = `RANGE BETWEEN ${window} PRECEDING AND ${window} FOLLOWING`;
    const inGroups =
      by === "cell"
        ? "SELECT o.cell AS grp, o.* FROM asked o WHERE o.cell IS NOT NULL"
        : "SELECT t.tag AS grp, o.* FROM asked o JOIN device d ON d.id = o.device_id CROSS JOIN LATERAL unnest(d.tags) AS t (tag)";
    const rows = await statement.rows<{ group: string; deviceId: string; began: Date; cause: Cause }>(
      this.database.pool,
      `WITH asked AS (
         SELECT o.device_id, o.began, o.cause, o.cell FROM outage o WHERE o.began >= ${from} AND o.began < ${to} ${isMember}
         UNION ALL
         SELECT o.device_id, o.began, o.cause, o.cell FROM outage_progress o
          WHERE o.began >= ${from} AND o.began < ${to} ${isMember}
       )
       SELECT grp AS "group", device_id AS "deviceId", began, cause FROM (
         SELECT g.*, count(*) OVER (PARTITION BY g.grp ORDER BY g.began ${near}) AS near
           FROM (${inGroups}) AS g WHERE g.cause <> 'requested'
       ) AS o WHERE near >= ${statement.parameter("int", minDevices)} ORDER BY grp, began, device_id`,
    );
    return rows.map(({ began, ...row }) => ({ ...row, beganMs: began.getTime() }));
  }
}
