import type { Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { selectorSql } from "../../devices/selection";
import type { Transaction } from "../../platform/database/database";

/** Marks the open alerts that a silence covers. */
@Injectable()
export class SilencingStore {
  /**
   * An alert is silenced while a silence of its rule is active, or while each of its devices is chosen by one. A silence with
   * both a rule and a selector asks for both.
   */
  async mark(tx: Transaction, ruleId: string, now: Date): Promise<void> {
    const { rows } = await tx.query<{ selector: Selector | null }>(
      "SELECT selector FROM silence WHERE begins_at <= $2 AND ends_at > $2 AND (rule_id IS NULL OR rule_id = $1)",
      [ruleId, now],
    );
    const { sql, parameters } = covered(rows.map(({ selector }) => selector));
    await tx.query(
      `UPDATE alert a SET is_silenced = NOT a.is_silenced
        WHERE a.rule_id = $1 AND a.resolved_at IS NULL AND a.is_silenced <> (${sql})`,
      [ruleId, ...parameters],
    );
  }
}

/** @param selectors null for a silence of the whole rule */
function covered(selectors: readonly (Selector | null)[]): { sql: string; parameters: unknown[] } {
  if (selectors.length === 0) return { sql: "false", parameters: [] };
  if (selectors.includes(null)) return { sql: "true", parameters: [] };
  const parameters: unknown[] = [];
  const conditions = selectors.flatMap((selector) => {
    if (selector === null) return [];
    const condition = selectorSql(selector, 2 + parameters.length);
    parameters.push(...condition.parameters);
    return [condition.sql];
  });
  const members = `FROM alert_member m JOIN device d ON d.id = m.device_id LEFT JOIN device_state s ON s.device_id = d.id
                  WHERE m.alert_id = a.id AND m.left_at IS NULL`;
  return {
    sql: `EXISTS (SELECT 1 ${members}) AND NOT EXISTS (SELECT 1 ${members} AND NOT (${conditions.join(" OR ")}))`,
    parameters,
  };
}
