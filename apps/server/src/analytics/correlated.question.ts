import { type Correlated, type CorrelatedQuery, NAMED_DEVICES } from "@mn316-fleet/contracts";
import type { Cause } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { type Begin, certainAfter, type Incident, incidents } from "./incidents";
import { Asking } from "./question/asking";
import { isAsked } from "./question/devices.sql";
import type { Question } from "./question/question";
import { Statement } from "./question/statement";

/** So many of the newest outages are looked at first, and so many times more each further time. */
const [FIRST_LOOK, FURTHER] = [4_000, 4];

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
    const [head, newest] = await Promise.all([
      this.asking.head(question),
      this.newest(question, { by, windowS, minDevices }),
    ]);
    return {
      ...head,
      by,
      windowS,
      minDevices,
      rows: newest.slice(0, question.limit).map(({ group, beganMs, lastBeganMs, deviceIds, cause }) => ({
        group,
        began: new Date(beganMs).toISOString(),
        lastBegan: new Date(lastBeganMs).toISOString(),
        devices: deviceIds.length,
        cause,
        deviceIds: deviceIds.slice(0, NAMED_DEVICES),
      })),
    };
  }

  /** The newest incidents, at least as many as are asked for: looks back for only as long as there are not enough of them. */
  private async newest(question: Question, options: Options): Promise<Incident[]> {
    const { frame, limit } = question;
    const windowMs = options.windowS * 1_000;
    for (let outages = FIRST_LOOK; ; outages *= FURTHER) {
      const fromMs = await this.beginOfNewest(question, outages);
      const begins = await this.begins(question, options, fromMs);
      const certainMs = fromMs > frame.fromMs ? certainAfter(begins, fromMs, windowMs) : -Infinity;
      const found = incidents(begins, windowMs, options.minDevices).filter(({ beganMs }) => beganMs > certainMs);
      if (found.length >= limit || fromMs === frame.fromMs)
        return found.sort((a, b) => b.beganMs - a.beganMs || (a.group < b.group ? -1 : 1));
    }
  }

  /** When the first of so many newest outages of the range began; the range's begin where there are not so many. */
  private async beginOfNewest(question: Question, outages: number): Promise<number> {
    const { fromMs, toMs } = question.frame;
    const statement = new Statement();
    const rows = await statement.rows<{ began: Date }>(
      this.database.pool,
      `SELECT o.began FROM outage o
        WHERE o.began >= ${statement.moment(fromMs)} AND o.began < ${statement.moment(toMs)} AND ${isAsked(statement, question, "o.device_id")}
        ORDER BY o.began DESC OFFSET ${statement.parameter("int", outages)} LIMIT 1`,
    );
    return rows[0]?.began.getTime() ?? fromMs;
  }

  /**
   * Begins of outages in their group's order, but for those that have too few others near to be part of an incident: so
   * that of a large fleet's outages only a few are read.
   */
  private async begins(question: Question, { by, windowS, minDevices }: Options, fromMs: number): Promise<Begin[]> {
    const statement = new Statement();
    const [from, to] = [statement.moment(fromMs), statement.moment(question.frame.toMs)];
    const isMember = isAsked(statement, question, "o.device_id");
    const window = statement.parameter("interval", `${windowS} s`);
    const near = `RANGE BETWEEN ${window} PRECEDING AND ${window} FOLLOWING`;
    const inGroups =
      by === "cell"
        ? "SELECT o.cell AS grp, o.* FROM asked o WHERE o.cell IS NOT NULL"
        : "SELECT t.tag AS grp, o.* FROM asked o JOIN device d ON d.id = o.device_id CROSS JOIN LATERAL unnest(d.tags) AS t (tag)";
    return statement.rows<{ group: string; deviceId: string; beganMs: number; cause: Cause }>(
      this.database.pool,
      `WITH asked AS (
         SELECT o.device_id, o.began, o.cause, o.cell FROM outage o WHERE o.began >= ${from} AND o.began < ${to} AND ${isMember}
         UNION ALL
         SELECT o.device_id, o.began, o.cause, o.cell FROM outage_progress o
          WHERE o.began >= ${from} AND o.began < ${to} AND ${isMember}
       )
       SELECT grp AS "group", device_id AS "deviceId", date_part('epoch', began) * 1000 AS "beganMs", cause FROM (
         SELECT g.*, count(*) OVER (PARTITION BY g.grp ORDER BY g.began ${near}) AS near
           FROM (${inGroups}) AS g WHERE g.cause <> 'requested'
       ) AS o WHERE near >= ${statement.parameter("int", minDevices)} ORDER BY grp, began, device_id`,
    );
  }
}
