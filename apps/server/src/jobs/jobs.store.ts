import type { ExecutionQuery, ExecutionStatus, JobQuery, JobStatus } from "@mn316-fleet/contracts";
import type { JobKind, Step } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { StepResult } from "./executions.store";

export interface JobRow {
  id: string;
  kind: JobKind;
  status: JobStatus;
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
}

export interface NewJob {
  kind: JobKind;
  steps: Step[];
  timeoutS: number;
  expiresAt: Date;
  createdBy: string;
}

const SELECT_JOB = `
  SELECT j.id, j.kind, j.status, j.created_at AS "createdAt", j.created_by AS "createdBy",
         coalesce((SELECT jsonb_object_agg(by_status.status, by_status.executions)
                     FROM (SELECT e.status, count(*)::int AS executions FROM execution e
                            WHERE e.job_id = j.id GROUP BY e.status) AS by_status), '{}') AS counts
    FROM job j`;

@Injectable()
export class JobsStore {
  constructor(private readonly database: Database) {}

  /** Those of the ids that are devices, locked against removal until the transaction ends. */
  async existing(tx: Transaction, deviceIds: string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ id: string }>(
      "SELECT id FROM device WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE",
      [deviceIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Adds a job with one execution a device, in the order given. */
  async insert(tx: Transaction, job: NewJob, deviceIds: string[]): Promise<{ id: string; executionIds: string[] }> {
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO job (kind, steps, timeout_s, expires_at, created_by) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
      [job.kind, JSON.stringify(job.steps), job.timeoutS, job.expiresAt, job.createdBy],
    );
    const [added] = rows;
    if (!added) throw new Error("INSERT INTO job returned no row");
    const executions = await tx.query<{ id: string }>(
      `INSERT INTO execution (job_id, device_id)
       SELECT $1, t.device_id FROM unnest($2::uuid[]) WITH ORDINALITY AS t(device_id, n) ORDER BY t.n
       RETURNING id`,
      [added.id, deviceIds],
    );
    return { id: added.id, executionIds: executions.rows.map(({ id }) => id) };
  }

  async find(id: string): Promise<JobRow | undefined> {
    const { rows } = await this.database.pool.query<JobRow>(`${SELECT_JOB} WHERE j.id = $1`, [id]);
    return rows[0];
  }

  /** One more than `limit`, newest first (index job_created_at_id_idx). */
  async list(
    { status, limit }: Pick<JobQuery, "status" | "limit">,
    before: readonly [createdAtMs: number, id: string] | undefined,
  ): Promise<JobRow[]> {
    const { rows } = await this.database.pool.query<JobRow>(
      `${SELECT_JOB}
        WHERE ($1::text IS NULL OR j.status = $1)
          AND ($2::timestamptz IS NULL OR (j.created_at, j.id) < ($2, $3::uuid))
        ORDER BY j.created_at DESC, j.id DESC LIMIT $4`,
      [status ?? null, before ? new Date(before[0]) : null, before?.[1] ?? null, limit + 1],
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
      `SELECT id, job_id AS "jobId", device_id AS "deviceId", position, status, attempt, results, error, late
         FROM execution
        WHERE job_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR position > $3)
        ORDER BY position LIMIT $4`,
      [jobId, status ?? null, after ?? null, limit + 1],
    );
    return rows;
  }

  /** Ends a job that is not over; false for one that is. */
  async cancel(tx: Transaction, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      "UPDATE job SET status = 'CANCELED' WHERE id = $1 AND status IN ('SCHEDULED', 'ROLLING_OUT')",
      [id],
    );
    return rowCount === 1;
  }
}
