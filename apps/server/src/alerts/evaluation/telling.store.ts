import type { Alert, Notification } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import type { Transaction } from "../../platform/database/database";
import { ALERT_COLUMNS, type AlertRow, toAlert } from "../alert-row";
import type { RuleRow } from "../rules.store";

/** A notification says of how many alerts it tells, and shows this many of them. */
export const SHOWN_ALERTS = 100;

/** What a channel is told: the same for every attempt. */
export interface NotificationPayload {
  type: Notification["type"];
  timestamp: string;
  data: {
    rule: Pick<RuleRow, "id" | "name" | "kind" | "severity">;
    /** The first of them, those with the most devices first. */
    alerts: Alert[];
    total: number;
  };
}

type ToldRow = AlertRow & { total: number };

/**
 * Writes into the outbox what a rule's channels have to be told, in the transaction of what they are told. All that fired at
 * one look at the rule is one notification a channel, and all that is over is another, so that an outage of the whole fleet
 * does not become a flood.
 */
@Injectable()
export class TellingStore {
  /** @returns how many notifications were written */
  async tell(tx: Transaction, rule: RuleRow, now: Date): Promise<number> {
    if (rule.channelIds.length === 0) return 0;
    return (await this.tellFiring(tx, rule, now)) + (await this.tellResolved(tx, rule, now));
  }

  /** What is open and nobody was told of: new alerts, and those whose silence is over (index alert_unnotified_idx). */
  private async tellFiring(tx: Transaction, rule: RuleRow, now: Date): Promise<number> {
    const { rows } = await tx.query<ToldRow>(
      `WITH told AS (
         UPDATE alert SET notified_at = $2
          WHERE rule_id = $1 AND resolved_at IS NULL AND notified_at IS NULL AND NOT is_silenced AND acknowledged_at IS NULL
         RETURNING *
       )
       SELECT ${ALERT_COLUMNS}, (count(*) OVER ())::int AS total FROM told a ORDER BY devices DESC, since, id LIMIT $3`,
      [rule.id, now, SHOWN_ALERTS],
    );
    return this.write(tx, rule, "alerts.firing", rows, "notified_at = $2 AND resolved_at IS NULL", now);
  }

  /** What is over since this moment, of that which somebody was told of. */
  private async tellResolved(tx: Transaction, rule: RuleRow, now: Date): Promise<number> {
    const condition = "resolved_at = $2 AND notified_at IS NOT NULL AND NOT is_silenced";
    const { rows } = await tx.query<ToldRow>(
      `SELECT ${ALERT_COLUMNS}, (count(*) OVER ())::int AS total FROM alert a
        WHERE rule_id = $1 AND ${condition} ORDER BY devices DESC, since, id LIMIT $3`,
      [rule.id, now, SHOWN_ALERTS],
    );
    return this.write(tx, rule, "alerts.resolved", rows, condition, now);
  }

  private async write(
    tx: Transaction,
    { id, name, kind, severity, channelIds }: RuleRow,
    type: Notification["type"],
    rows: ToldRow[],
    condition: string,
    now: Date,
  ): Promise<number> {
    const [first] = rows;
    if (!first) return 0;
    const payload: NotificationPayload = {
      type,
      timestamp: now.toISOString(),
      data: { rule: { id, name, kind, severity }, alerts: rows.map(toAlert), total: first.total },
    };
    const { rowCount } = await tx.query(
      `WITH written AS (
         INSERT INTO notification (channel_id, rule_id, type, payload)
         SELECT c.id, $1, $3, $4 FROM alert_channel c WHERE c.id = ANY ($5::uuid[]) RETURNING id
       ),
       named AS (
         INSERT INTO notification_alert (notification_id, alert_id)
         SELECT w.id, a.id FROM written w, alert a WHERE a.rule_id = $1 AND ${condition}
       )
       SELECT id FROM written`,
      [id, now, type, JSON.stringify(payload), channelIds],
    );
    return rowCount ?? 0;
  }
}
