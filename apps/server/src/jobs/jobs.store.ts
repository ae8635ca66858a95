import type {
  CreateJob,
  ExecutionQuery,
  ExecutionStatus,
  JobQuery,
  JobStatus,
  JobWindow,
  Rollout,
  Schedule,
  Selector,
} from "@mn316-fleet/contracts";
import type { JobKind, Step } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { DEVICES, selectorSql } from "../devices/selection";
import { Database, type Transaction } from "../platform/database/database";
import { RELEASED_AT_ONCE } from "./controlled";
import type { StepResult } from "./executions.store";

export type TargetMode = "ids" | "snapshot" | "continuous";

export interface JobRow {
  id: string;
  kind: JobKind;
  status: JobStatus;
  isPaused: boolean;
  reason: string | null;
  targetMode: TargetMode;
  selector: Selector | null;
  isExpanded: boolean;
  rollout: Rollout | null;
  hours: JobWindow | null;
  retries: number;
  startAt: Date | null;
  expiresAt: Date;
  schedule: Schedule | null;
  nextRunAt: Date | null;
  scheduleId: string | null;
  createdAt: Date;
  createdBy: string;
  /** Executions by status; a status that none has is missing. */
  counts: Partial<Record<ExecutionStatus, number>>;
}

export interface ExecutionRow {
  id: string;
  jobId: string;
  deviceId: string;
  /** bigint, as `pg` gives it. */
  position: string;
  status: ExecutionStatus;
  attempt: number;
  results: Record<string, StepResult>;
  error: string | null;
  late: boolean;
  notBefore: Date | null;
  former: { attempt: number; status: ExecutionStatus; error: string | null; results: Record<string, StepResult> }[];
}

export interface NewJob {
  kind: JobKind;
  status: "SCHEDULED" | "ROLLING_OUT";
  targetMode: TargetMode;
  selector: Selector | null;
  steps: Step[];
  rollout: Rollout | null;
  hours: JobWindow | null;
  timeoutS: number;
  retries: number;
  backoffS: number;
  repeatable: boolean;
  startAt: Date | null;
  expiresAt: Date;
  schedule: Schedule | null;
  /** What the runs of a recurring job are made from. */
  body: CreateJob | null;
  nextRunAt: Date | null;
  scheduleId: string | null;
  createdBy: string;
}

const SELECT_JOB = `
  SELECT j.id, j.kind, j.status, j.is_paused AS "isPaused", j.reason, j.target_mode AS "targetMode", j.selector,
         j.expanded_at IS NOT NULL AS "isExpanded", j.rollout, j.hours, j.retries, j.start_at AS "startAt",
         j.expires_at AS "expiresAt", j.schedule, j.next_run_at AS "nextRunAt", j.schedule_id AS "scheduleId",
         j.created_at AS "createdAt", j.created_by AS "createdBy",
         coalesce((SELECT jsonb_object_agg(by_status.status, by_status.executions)
                     FROM (SELECT e.status, count(*)::int AS executions FROM execution e
                            WHERE e.job_id = j.id GROUP BY e.status) AS by_status), '{}') AS counts
    FROM job j`;

const EXECUTION_COLUMNS = `id, job_id AS "jobId", device_id AS "deviceId", position, status, attempt, results, error, late,
              not_before AS "notBefore", former`;

@Injectable()
export class JobsStore {
  constructor(private readonly database: Database) {}

  /** Those of the ids that are devices, locked against removal until the transaction ends. */
  async existing(tx: Transaction, deviceIds: readonly string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ id: string }>(
      "SELECT id FROM device WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE",
      [deviceIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Whether a selector chooses any device now. */
  async choosesAny(tx: Transaction, selector: Selector): Promise<boolean> {
    const { sql, parameters } = selectorSql(selector, 1);
    const { rows } = await tx.query<{ any: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${DEVICES} WHERE ${sql}) AS any`,
      parameters,
    );
    return rows[0]?.any ?? false;
  }

  /** Adds a job, without executions. A recurring one never has any itself. */
  async insert(tx: Transaction, job: NewJob): Promise<string> {
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO job (kind, status, target_mode, selector, steps, rollout, hours, timeout_s, retries, backoff_s, repeatable,
                        start_at, expires_at, schedule, body, next_run_at, schedule_id, created_by, began_at, tokens_at,
                        expanded_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
               CASE WHEN $2 = 'ROLLING_OUT' THEN now() END, CASE WHEN $2 = 'ROLLING_OUT' THEN now() END,
               CASE WHEN $3 = 'ids' OR $14::jsonb IS NOT NULL THEN now() END)
       RETURNING id`,
      [
        job.kind,
        job.status,
        job.targetMode,
        job.selector && JSON.stringify(job.selector),
        JSON.stringify(job.steps),
        job.rollout && JSON.stringify(job.rollout),
        job.hours && JSON.stringify(job.hours),
        job.timeoutS,
        job.retries,
        job.backoffS,
        job.repeatable,
        job.startAt,
        job.expiresAt,
        job.schedule && JSON.stringify(job.schedule),
        job.body && JSON.stringify(job.body),
        job.nextRunAt,
        job.scheduleId,
        job.createdBy,
      ],
    );
    const [added] = rows;
    if (!added) throw new Error("INSERT INTO job returned no row");
    return added.id;
  }

  /**
   * Gives each of these devices its execution, in the order given.
   * @returns those that may go out at once
   */
  async addExecutions(
    tx: Transaction,
    jobId: string,
    deviceIds: readonly string[],
  ): Promise<{ id: string; deviceId: string }[]> {
    const { rows } = await tx.query<{ id: string; deviceId: string; isReleased: boolean }>(
      `INSERT INTO execution (job_id, device_id, released_at)
       SELECT j.id, t.device_id, ${RELEASED_AT_ONCE}
         FROM unnest($2::uuid[]) WITH ORDINALITY AS t(device_id, n), job j WHERE j.id = $1 ORDER BY t.n
       RETURNING id, device_id AS "deviceId", released_at IS NOT NULL AS "isReleased"`,
      [jobId, deviceIds],
    );
    return rows.filter(({ isReleased }) => isReleased);
  }

  async find(id: string): Promise<JobRow | undefined> {
    const { rows } = await this.database.pool.query<JobRow>(`${SELECT_JOB} WHERE j.id = $1`, [id]);
    return rows[0];
  }

  /** One more than `limit`, newest first (index job_created_at_id_idx). */
  async list(
    { status, scheduleId, limit }: Omit<JobQuery, "cursor">,
    before: readonly [createdAtMs: number, id: string] | undefined,
  ): Promise<JobRow[]> {
    const { rows } = await this.database.pool.query<JobRow>(
      `${SELECT_JOB}
        WHERE ($1::text IS NULL OR j.status = $1) AND ($2::uuid IS NULL OR j.schedule_id = $2)
          AND ($3::timestamptz IS NULL OR (j.created_at, j.id) < ($3, $4::uuid))
        ORDER BY j.created_at DESC, j.id DESC LIMIT $5`,
      [status ?? null, scheduleId ?? null, before ? new Date(before[0]) : null, before?.[1] ?? null, limit + 1],
    );
    return rows;
  }

  /** One more than `limit`, in the order of the targets (index execution_job_id_position_idx). */
  async executions(
    jobId: string,
    { status, limit }: Pick<ExecutionQuery, "status" | "limit">,
    after: number | undefined,
  ): Promise<ExecutionRow[]> {
    const { rows } = await this.database.pool.query<ExecutionRow>(
      `SELECT ${EXECUTION_COLUMNS} FROM execution
        WHERE job_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR position > $3)
        ORDER BY position LIMIT $4`,
      [jobId, status ?? null, after ?? null, limit + 1],
    );
    return rows;
  }

  /** One more than `limit`, the newest first (index execution_device_id_position_idx). */
  async executionsOfDevice(
    deviceId: string,
    { status, limit }: Pick<ExecutionQuery, "status" | "limit">,
    before: number | undefined,
  ): Promise<ExecutionRow[]> {
    const { rows } = await this.database.pool.query<ExecutionRow>(
      `SELECT ${EXECUTION_COLUMNS} FROM execution
        WHERE device_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR position < $3)
        ORDER BY position DESC LIMIT $4`,
      [deviceId, status ?? null, before ?? null, limit + 1],
    );
    return rows;
  }

  /** Ends a job that is not over; false for one that is. */
  async cancel(tx: Transaction, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      "UPDATE job SET status = 'CANCELED', next_run_at = NULL WHERE id = $1 AND status IN ('SCHEDULED', 'ROLLING_OUT')",
      [id],
    );
    return rowCount === 1;
  }

  /** Holds back what waits; false for a job that is over or paused already. */
  async pause(tx: Transaction, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      `UPDATE job SET is_paused = true
        WHERE id = $1 AND status IN ('SCHEDULED', 'ROLLING_OUT') AND NOT is_paused`,
      [id],
    );
    if (rowCount !== 1) return false;
    await tx.query(
      `UPDATE execution SET released_at = NULL
        WHERE job_id = $1 AND ended_at IS NULL AND released_at IS NOT NULL AND status = 'QUEUED'`,
      [id],
    );
    return true;
  }

  /** Lets a paused job go on, with a rate that saved nothing up meanwhile; false for one that is not paused. */
  async resume(id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE job SET is_paused = false, tokens_at = CASE WHEN tokens_at IS NOT NULL THEN now() END
        WHERE id = $1 AND status IN ('SCHEDULED', 'ROLLING_OUT') AND is_paused`,
      [id],
    );
    return rowCount === 1;
  }

  /** Jobs for which a worker may have something to do: to choose targets, to start, to release (index job_open_idx). */
  async toAdvance(): Promise<{ id: string; isExpanded: boolean }[]> {
    const { rows } = await this.database.pool.query<{ id: string; isExpanded: boolean }>(
      `SELECT j.id, j.expanded_at IS NOT NULL AS "isExpanded" FROM job j
        WHERE j.status IN ('SCHEDULED', 'ROLLING_OUT') AND NOT j.is_paused
          AND (j.expanded_at IS NULL OR j.target_mode = 'continuous'
               OR (j.status = 'SCHEDULED' AND coalesce(j.next_run_at, j.start_at) <= now())
               OR EXISTS (SELECT 1 FROM execution e
                           WHERE e.job_id = j.id AND e.ended_at IS NULL AND e.released_at IS NULL))
        ORDER BY j.created_at LIMIT 1000`,
    );
    return rows;
  }
}
