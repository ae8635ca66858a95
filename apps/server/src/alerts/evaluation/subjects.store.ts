import { Injectable } from "@nestjs/common";
import type { Transaction } from "../../platform/database/database";
import type { RuleRow } from "../rules.store";
import { conditionSql } from "./conditions";

/**
 * Whom each rule watches now. A subject is pending until its condition has lasted long enough, then it belongs to an alert,
 * and it is clearing while the condition is known not to hold. Nothing is written while nothing changes.
 */
@Injectable()
export class SubjectsStore {
  /**
   * Brings the subjects of a rule to what its condition says at a moment: new ones are pending, pending ones for whom it does
   * not hold any more are forgotten, and of the others those are clearing for whom it is known not to hold.
   */
  async observe(tx: Transaction, rule: RuleRow, now: Date): Promise<void> {
    const { with: tables, holds, isUnsure, parameters } = conditionSql(rule, 3);
    await tx.query(
      `WITH ${tables} bad AS MATERIALIZED (${holds}),
       forgotten AS (
         DELETE FROM alert_subject x WHERE x.rule_id = $1 AND x.alert_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM bad WHERE bad.subject_id = x.subject_id)
       ),
       back AS (
         UPDATE alert_subject x SET clear_since = NULL
          WHERE x.rule_id = $1 AND x.clear_since IS NOT NULL
            AND (EXISTS (SELECT 1 FROM bad WHERE bad.subject_id = x.subject_id) OR ${isUnsure})
       ),
       clearing AS (
         UPDATE alert_subject x SET clear_since = $2
          WHERE x.rule_id = $1 AND x.alert_id IS NOT NULL AND x.clear_since IS NULL
            AND NOT EXISTS (SELECT 1 FROM bad WHERE bad.subject_id = x.subject_id) AND NOT (${isUnsure})
       )
       INSERT INTO alert_subject (rule_id, subject_id, subject_name, group_key, facts, since)
       SELECT $1, subject_id, subject_name, group_key, facts, since FROM bad
        WHERE NOT EXISTS (SELECT 1 FROM alert_subject x WHERE x.rule_id = $1 AND x.subject_id = bad.subject_id)`,
      [rule.id, now, ...parameters],
    );
  }

  /** Ends what was clear for long enough (index alert_subject_clearing_idx), and the alerts of single subjects with it. */
  async clear(tx: Transaction, rule: RuleRow, now: Date): Promise<void> {
    await tx.query(
      `WITH gone AS (
         DELETE FROM alert_subject WHERE rule_id = $1 AND clear_since <= $2::timestamptz - make_interval(secs => $3)
         RETURNING subject_id, alert_id
       ),
       well AS (
         UPDATE alert_member m SET left_at = $2 FROM gone g WHERE m.alert_id = g.alert_id AND m.device_id = g.subject_id
       )
       UPDATE alert a SET resolved_at = $2, resolution = 'recovered'
         FROM gone g WHERE a.id = g.alert_id AND a.subject_id IS NOT NULL AND a.resolved_at IS NULL`,
      [rule.id, now, rule.clearAfterS],
    );
  }

  /** Forgets all subjects of a rule; its open alerts are over. */
  async drop(tx: Transaction, ruleId: string, resolution: string, now: Date): Promise<void> {
    await tx.query("DELETE FROM alert_subject WHERE rule_id = $1", [ruleId]);
    await tx.query(
      `WITH ended AS (
         UPDATE alert SET resolved_at = $2, resolution = $3 WHERE rule_id = $1 AND resolved_at IS NULL RETURNING id
       )
       UPDATE alert_member m SET left_at = $2 FROM ended e WHERE m.alert_id = e.id AND m.left_at IS NULL`,
      [ruleId, now, resolution],
    );
  }
}
