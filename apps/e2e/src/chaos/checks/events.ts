import type { Pool } from "pg";
import type { LightAgent, Told } from "../../harness/light-agent";
import type { Problem } from "../fault";

/** What an agent knows to be stored, taken at one moment. */
export interface Ledger {
  deviceId: string;
  epoch: number;
  /** What must be stored. */
  events: readonly Told[];
}

/** What a server said to have committed, of each agent. */
export function acknowledged(agents: readonly LightAgent[]): Ledger[] {
  return agents.map(({ deviceId, epoch, ledger, acked }) => ({ deviceId, epoch, events: ledger.slice(0, acked) }));
}

/** All that each agent recorded. */
export function recorded(agents: readonly LightAgent[]): Ledger[] {
  return agents.map(({ deviceId, epoch, ledger }) => ({ deviceId, epoch, events: ledger.slice() }));
}

/** Compares ledgers with the database: each event is there once, as it was told. More than a ledger holds may be there. */
export async function checkLedgers(pool: Pool, ledgers: readonly Ledger[]): Promise<Problem[]> {
  const { rows } = await pool.query<{ key: string; seq: number; kind: string; at: number; times: number }>(
    `SELECT device_id || '/' || epoch AS key, seq::float8 AS seq, min(kind) AS kind, count(*)::int AS times,
            min(extract(epoch FROM at) * 1000)::float8 AS at
       FROM module_event WHERE device_id = ANY ($1::uuid[]) GROUP BY 1, 2`,
    [ledgers.map(({ deviceId }) => deviceId)],
  );
  const stored = new Map<string, (typeof rows)[number]>(rows.map((row) => [`${row.key}/${row.seq}`, row]));
  const problems: Problem[] = [];
  for (const { deviceId, epoch, events } of ledgers)
    for (const { seq, kind, at } of events) {
      const found = stored.get(`${deviceId}/${epoch}/${seq}`);
      if (!found) problems.push({ kind: "lost", text: `event ${seq} (${kind}) of ${deviceId}` });
      else if (found.times > 1)
        problems.push({ kind: "doubled", text: `event ${seq} of ${deviceId}: ${found.times} times` });
      else if (found.kind !== kind || Math.round(found.at) !== at)
        problems.push({ kind: "other", text: `event ${seq} of ${deviceId} is stored as another` });
    }
  return problems;
}

/**
 * Of agents whose outbox is their ledger: within each epoch all numbers up to the last one are stored once, but for those that
 * an `outbox-gap` explains, and the last one is what the server acknowledges.
 */
export async function checkSequences(pool: Pool, deviceIds: readonly string[]): Promise<Problem[]> {
  const { rows } = await pool.query<{
    device: string;
    missing: number;
    explained: number;
    doubled: number;
    behind: number;
  }>(
    `SELECT e.device_id AS device, (e.last - e.different)::float8 AS missing, e.explained::float8 AS explained,
            (e.stored - e.different)::float8 AS doubled, (p.acked - e.last)::float8 AS behind
       FROM (SELECT device_id, epoch, count(*) AS stored, count(DISTINCT seq) AS different, max(seq) AS last,
                    coalesce(sum((fields->>'to')::bigint - (fields->>'from')::bigint)
                               FILTER (WHERE kind = 'outbox-gap'), 0) AS explained
               FROM module_event WHERE device_id = ANY ($1::uuid[]) GROUP BY 1, 2) e
       JOIN outbox_position p USING (device_id, epoch)`,
    [deviceIds],
  );
  const problems: Problem[] = [];
  for (const { device, missing, explained, doubled, behind } of rows) {
    if (missing > explained) problems.push({ kind: "lost", text: `${missing - explained} events of ${device}` });
    if (doubled > 0) problems.push({ kind: "doubled", text: `${doubled} events of ${device}` });
    if (behind > 0) problems.push({ kind: "lost", text: `${behind} acknowledged events of ${device}` });
  }
  const heard = new Set(rows.map(({ device }) => device));
  for (const deviceId of deviceIds)
    if (!heard.has(deviceId)) problems.push({ kind: "lost", text: `everything of ${deviceId}` });
  return problems;
}
