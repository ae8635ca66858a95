import type { CreateJob, JobStatus, JobWindow, Rollout } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import type { Transaction } from "../platform/database/database";
import { IS_CONTROLLED } from "./controlled";
import type { Outcome } from "./release-plan";
import { sourcesOf } from "./transitions";

/** A job whose releases are one worker's until the transaction ends. */
export interface LockedJob {
  id: string;
  status: JobStatus;
  isPaused: boolean;
  isExpanded: boolean;
  isControlled: boolean;
  rollout: Rollout | null;
  hours: JobWindow | null;
  startAt: Date | null;
  schedule: CreateJob["schedule"] | null;
  now: Date;
  beganAt: Date | null;
  tokens: number;
  tokensAt: Date | null;
  canaryOverAt: Date | null;
  isCanaryGood: boolean;
}

/** Which executions may be released. */
export interface ReleaseFilter {
  count: number;
  /** Only to devices that are connected, which then are at work; else all. */
  isOnlineOnly: boolean;
  /** Only canaries, which are tried again. */
  isCanariesOnly: boolean;
  /** They become canaries. */
  areCanaries: boolean;
  /** Only devices in these time zones; `own` of those that name none. */
  zones: { open: string[]; own: string } | undefined;
}

const EXECUTED = "status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REJECTED')";
const FAILED = "status IN ('FAILED', 'TIMED_OUT')";

/** What the release of a job's executions needs to know, and what it does. */
@Injectable()
export class ReleasesStore {
  async lock(tx: Transaction, jobId: string): Promise<LockedJob | undefined> {
    const { rows } = await tx.query<LockedJob>(
      `SELECT j.id, j.status, j.is_paused AS "isPaused", j.expanded_at IS NOT NULL AS "isExpanded",
              ${IS_CONTROLLED} AS "isControlled", j.rollout, j.hours, j.start_at AS "startAt", j.schedule, now() AS now,
              j.began_at AS "beganAt", j.tokens, j.tokens_at AS "tokensAt", j.canary_over_at AS "canaryOverAt",
              j.is_canary_good AS "isCanaryGood"
         FROM job j WHERE j.id = $1 FOR UPDATE`,
      [jobId],
    );
    return rows[0];
  }

  async begin(tx: Transaction, jobId: string): Promise<void> {
    await tx.query("UPDATE job SET status = 'ROLLING_OUT', began_at = now(), tokens_at = now() WHERE id = $1", [jobId]);
  }

  async abort(tx: Transaction, jobId: string, reason: string): Promise<void> {
    await tx.query("UPDATE job SET status = 'ABORTED', reason = $2 WHERE id = $1", [jobId, reason]);
  }

  async note(
    tx: Transaction,
    jobId: string,
    { tokens, canaryOverAt, isCanaryGood }: Pick<LockedJob, "tokens" | "canaryOverAt" | "isCanaryGood">,
  ): Promise<void> {
    await tx.query(
      `UPDATE job SET tokens = $2, tokens_at = now(), canary_over_at = $3, is_canary_good = $4 WHERE id = $1`,
      [jobId, tokens, canaryOverAt, isCanaryGood],
    );
  }

  /**
   * Holds back again what was released to devices that went away since: it is not at work, so that it must keep nobody else
   * waiting. What was sent counts as lost when the agent would have answered; its journal makes sending it again harmless.
   */
  async takeBack(tx: Transaction, jobId: string, answersWithinS: number): Promise<void> {
    await tx.query(
      `UPDATE execution e SET status = 'QUEUED', sent_at = NULL, released_at = NULL
         FROM device_state s
        WHERE s.device_id = e.device_id AND NOT s.online AND e.job_id = $1 AND e.ended_at IS NULL
          AND e.released_at IS NOT NULL
          AND (e.status = 'QUEUED' OR e.status = ANY($2) AND e.sent_at <= now() - make_interval(secs => $3))`,
      [jobId, sourcesOf("undelivered"), answersWithinS],
    );
  }

  /** Released and not over (index execution_at_work_idx). */
  async atWork(tx: Transaction, jobId: string): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      "SELECT count(*)::int FROM execution WHERE job_id = $1 AND ended_at IS NULL AND released_at IS NOT NULL",
      [jobId],
    );
    return rows[0]?.count ?? 0;
  }

  /** (Index execution_job_id_status_idx.) */
  async outcome(tx: Transaction, jobId: string): Promise<Outcome> {
    const { rows } = await tx.query<Outcome>(
      `SELECT count(*)::int AS executed, count(*) FILTER (WHERE ${FAILED})::int AS failed
         FROM execution WHERE job_id = $1 AND ${EXECUTED}`,
      [jobId],
    );
    return rows[0] ?? { executed: 0, failed: 0 };
  }

  /** (Index execution_canary_idx.) */
  async canaries(tx: Transaction, jobId: string): Promise<Outcome & { released: number; open: number }> {
    const { rows } = await tx.query<Outcome & { released: number; open: number }>(
      `SELECT count(*)::int AS released, count(*) FILTER (WHERE ended_at IS NULL)::int AS open,
              count(*) FILTER (WHERE ${EXECUTED})::int AS executed, count(*) FILTER (WHERE ${FAILED})::int AS failed
         FROM execution WHERE job_id = $1 AND is_canary`,
      [jobId],
    );
    return rows[0] ?? { released: 0, open: 0, executed: 0, failed: 0 };
  }

  /** The time zones that devices name. */
  async timeZones(tx: Transaction): Promise<string[]> {
    const { rows } = await tx.query<{ zone: string }>(
      "SELECT DISTINCT time_zone AS zone FROM device WHERE time_zone IS NOT NULL",
    );
    return rows.map(({ zone }) => zone);
  }

  /** Releases what waits, in order (index execution_unreleased_idx). @returns which, and whether their device is there */
  async release(
    tx: Transaction,
    jobId: string,
    { count, isOnlineOnly, isCanariesOnly, areCanaries, zones }: ReleaseFilter,
  ): Promise<{ id: string; deviceId: string; isOnline: boolean }[]> {
    const { rows } = await tx.query<{ id: string; deviceId: string; isOnline: boolean }>(
      `WITH next AS (
         SELECT e.id, s.online FROM execution e JOIN device_state s ON s.device_id = e.device_id
          WHERE e.job_id = $1 AND e.ended_at IS NULL AND e.released_at IS NULL AND e.status = 'QUEUED'
            AND (e.not_before IS NULL OR e.not_before <= now())
            AND (s.online OR NOT $3) AND (e.is_canary OR NOT $4)
            AND ($6::text[] IS NULL OR coalesce((SELECT d.time_zone FROM device d WHERE d.id = e.device_id), $7) = ANY($6))
          ORDER BY e.position LIMIT $2 FOR UPDATE OF e SKIP LOCKED)
       UPDATE execution e SET released_at = now(), not_before = NULL, is_canary = e.is_canary OR $5
         FROM next WHERE e.id = next.id RETURNING e.id, e.device_id AS "deviceId", next.online AS "isOnline"`,
      [jobId, count, isOnlineOnly, isCanariesOnly, areCanaries, zones?.open ?? null, zones?.own ?? null],
    );
    return rows;
  }
}
