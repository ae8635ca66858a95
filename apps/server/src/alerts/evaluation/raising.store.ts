import type { AlertGrouping } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import type { Transaction } from "../../platform/database/database";
import type { RuleRow } from "../rules.store";

type Grouping = Exclude<AlertGrouping, { by: "none" }>;

/** What a rule's subjects become: alerts of groups where many of one group are concerned at once, else alerts of their own. */
@Injectable()
export class RaisingStore {
  /** Makes alerts of all subjects that have been under the condition for long enough. @param forS how long that is */
  async raise(tx: Transaction, rule: RuleRow, forS: number, now: Date): Promise<void> {
    const due = new Date(now.getTime() - forS * 1_000);
    if (rule.groupBy.by !== "none") {
      await this.endGroups(tx, rule, rule.groupBy, now);
      await this.openGroups(tx, rule, rule.groupBy, due, now);
      await this.foldSingles(tx, rule, now);
      await this.joinGroups(tx, rule, due, now);
    }
    await this.raiseSingles(tx, rule, due, now);
    if (rule.groupBy.by !== "none") await this.countDevices(tx, rule);
  }

  /**
   * A group's alert is over when half of what it takes to open one is left, so that it does not open and close with every
   * device; who is left then gets an alert of its own. Those whose time has not come count here, too: they helped to open it.
   */
  private async endGroups(tx: Transaction, rule: RuleRow, { minDevices }: Grouping, now: Date): Promise<void> {
    await tx.query(
      `WITH counted AS (
         SELECT g.id, (SELECT count(*)::int FROM alert_subject x WHERE x.alert_id = g.id) AS remaining,
                (SELECT count(*)::int FROM alert_subject x
                  WHERE x.rule_id = $1 AND x.group_key = g.group_key AND x.alert_id IS NULL) AS pending
           FROM alert g WHERE g.rule_id = $1 AND g.group_key IS NOT NULL AND g.resolved_at IS NULL
       ),
       ended AS (
         UPDATE alert a SET resolved_at = $2, devices = c.remaining,
                            resolution = CASE WHEN c.remaining = 0 THEN 'recovered' ELSE 'group-ended' END
           FROM counted c WHERE a.id = c.id AND c.remaining + c.pending <= $3 RETURNING a.id
       ),
       well AS (DELETE FROM alert_subject x USING ended e WHERE x.alert_id = e.id AND x.clear_since IS NOT NULL),
       ill AS (UPDATE alert_subject x SET alert_id = NULL FROM ended e WHERE x.alert_id = e.id AND x.clear_since IS NULL)
       UPDATE alert_member m SET left_at = $2 FROM ended e WHERE m.alert_id = e.id AND m.left_at IS NULL`,
      [rule.id, now, Math.floor(minDevices / 2)],
    );
  }

  /** Those count, too, whose time has not come: else the first few of an outage would raise alerts of their own. */
  private async openGroups(
    tx: Transaction,
    rule: RuleRow,
    { by, minDevices, withinS }: Grouping,
    due: Date,
    now: Date,
  ): Promise<void> {
    const recent = new Date(due.getTime() - withinS * 1_000);
    await tx.query(
      `INSERT INTO alert (rule_id, rule_name, kind, severity, group_by, group_key, facts, since, fired_at, devices)
       SELECT $1, $2, $3, $4, $5, x.group_key, '{}', min(x.since), $6, 0 FROM alert_subject x
        WHERE x.rule_id = $1 AND x.clear_since IS NULL AND x.since > $7
          AND x.group_key IN (SELECT group_key FROM alert_subject WHERE rule_id = $1 AND alert_id IS NULL AND since <= $8)
        GROUP BY x.group_key HAVING count(*) >= $9
       ON CONFLICT (rule_id, group_key) WHERE resolved_at IS NULL AND group_key IS NOT NULL DO NOTHING`,
      [rule.id, rule.name, rule.kind, rule.severity, by, now, recent, due, minDevices],
    );
  }

  /** Alerts of single devices go into the one of their group. */
  private async foldSingles(tx: Transaction, rule: RuleRow, now: Date): Promise<void> {
    await tx.query(
      `WITH moved AS (
         UPDATE alert_subject x SET alert_id = g.id FROM alert g, alert single
          WHERE g.rule_id = $1 AND g.group_key IS NOT NULL AND g.resolved_at IS NULL
            AND x.rule_id = $1 AND x.group_key = g.group_key AND single.id = x.alert_id AND single.subject_id IS NOT NULL
         RETURNING x.subject_id, g.id AS group_id, single.id AS single_id
       ),
       folded AS (
         UPDATE alert a SET resolved_at = $2, resolution = 'folded', folded_into = m.group_id
           FROM moved m WHERE a.id = m.single_id
       ),
       moved_on AS (UPDATE alert_member b SET left_at = $2 FROM moved m WHERE b.alert_id = m.single_id)
       INSERT INTO alert_member (alert_id, device_id, joined_at) SELECT group_id, subject_id, $2 FROM moved
       ON CONFLICT (alert_id, device_id) DO UPDATE SET left_at = NULL`,
      [rule.id, now],
    );
  }

  private async joinGroups(tx: Transaction, rule: RuleRow, due: Date, now: Date): Promise<void> {
    await tx.query(
      `WITH joined AS (
         UPDATE alert_subject x SET alert_id = g.id FROM alert g
          WHERE g.rule_id = $1 AND g.group_key IS NOT NULL AND g.resolved_at IS NULL
            AND x.rule_id = $1 AND x.group_key = g.group_key AND x.alert_id IS NULL AND x.since <= $3
         RETURNING x.subject_id, g.id AS group_id
       )
       INSERT INTO alert_member (alert_id, device_id, joined_at) SELECT group_id, subject_id, $2 FROM joined
       ON CONFLICT (alert_id, device_id) DO UPDATE SET left_at = NULL`,
      [rule.id, now, due],
    );
  }

  private async raiseSingles(tx: Transaction, rule: RuleRow, due: Date, now: Date): Promise<void> {
    const isOfDevices = rule.kind !== "job-aborted";
    await tx.query(
      `WITH due AS MATERIALIZED (
         SELECT gen_random_uuid() AS id, subject_id, subject_name, facts, since FROM alert_subject
          WHERE rule_id = $1 AND alert_id IS NULL AND since <= $2
       ),
       raised AS (
         INSERT INTO alert (id, rule_id, rule_name, kind, severity, subject_id, subject_name, facts, since, fired_at, devices)
         SELECT id, $1, $3, $4, $5, subject_id, subject_name, facts, since, $6, $7 FROM due
       )
       UPDATE alert_subject x SET alert_id = due.id FROM due WHERE x.rule_id = $1 AND x.subject_id = due.subject_id`,
      [rule.id, due, rule.name, rule.kind, rule.severity, now, isOfDevices ? 1 : 0],
    );
    if (!isOfDevices) return;
    // In a statement of its own: a policy sees no alert that the same statement adds.
    await tx.query(
      `INSERT INTO alert_member (alert_id, device_id, joined_at)
       SELECT a.id, a.subject_id, $2 FROM alert a
        WHERE a.rule_id = $1 AND a.fired_at = $2 AND a.resolved_at IS NULL AND a.subject_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM alert_member m WHERE m.alert_id = a.id)`,
      [rule.id, now],
    );
  }

  private async countDevices(tx: Transaction, rule: RuleRow): Promise<void> {
    await tx.query(
      `UPDATE alert g SET devices = c.devices
         FROM (SELECT a.id, (SELECT count(*)::int FROM alert_subject x WHERE x.alert_id = a.id) AS devices
                 FROM alert a WHERE a.rule_id = $1 AND a.group_key IS NOT NULL AND a.resolved_at IS NULL) c
        WHERE g.id = c.id AND g.devices <> c.devices`,
      [rule.id],
    );
  }
}
