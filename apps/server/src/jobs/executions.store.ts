import { backoffBefore, type ExecutionStatus } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { IS_CONTROLLED, RELEASED_AT_ONCE } from "./controlled";
import { mayTryAgain, type RetryRules } from "./retries";
import { type ExecutionState, type ServerAction, sourcesOf, TRANSITIONS } from "./transitions";

/** The result of one step as the API shows it. */
export interface StepResult {
  command: string;
  result: string;
  output: string[];
  truncated?: boolean;
  ms: number;
}

/** What decides whether an execution is tried again. */
interface Repeatable extends RetryRules {
  backoffS: number;
  attempt: number;
  /** Its job still rolls out, and the wait before the next attempt ends before it expires. */
  hasTime: boolean;
}

/** An execution locked for a report. */
export interface ReportedExecution extends ExecutionState, Repeatable {
  id: string;
  jobId: string;
  deviceId: string;
  timeoutS: number;
  /** Its job counts what is at work. */
  isControlled: boolean;
}

/** An execution that goes back to wait for its next attempt. */
export interface NextAttempt {
  id: string;
  /** How the attempt before ended. */
  status: ExecutionStatus;
  error: string | null;
  results: Record<string, StepResult>;
  waitS: number;
}

/** What a report changes. */
export interface ExecutionUpdate extends ExecutionState {
  id: string;
  /** Step results that are new, by the step's index. */
  results: Record<string, StepResult>;
  error: string | null;
  isEnd: boolean;
}

export interface Ended {
  id: string;
  jobId: string;
  deviceId: string;
}
export const ENDED = `id, job_id AS "jobId", device_id AS "deviceId"`;

/** Grace for an agent that got an execution in time and whose report is still on its way. */
export const EXPIRY_GRACE_S = 5;
/** The agent bounds an execution by itself; the server gives it up only so much later. */
export const TIMEOUT_GRACE_S = 15;

const REPEATABLE = `e.attempt, j.kind, j.retries, j.repeatable, j.backoff_s AS "backoffS",
  j.status = 'ROLLING_OUT' AND now() + make_interval(secs => j.backoff_s * 2 ^ (e.attempt - 1)) < j.expires_at AS "hasTime"`;
/** Rows of one statement of the reconciler. */
const AT_ONCE = 5_000;

/** What became of executions; every change is a compare-and-set after the table of transitions. */
@Injectable()
export class ExecutionsStore {
  constructor(private readonly database: Database) {}

  /** Those that have not ended (index: execution_open_idx). */
  async countOpen(): Promise<{ value: ExecutionStatus; count: number }[]> {
    const { rows } = await this.database.pool.query<{ value: ExecutionStatus; count: number }>(
      "SELECT status AS value, count(*)::int AS count FROM execution WHERE ended_at IS NULL GROUP BY status",
    );
    return rows;
  }

  /** Ends the waiting executions of a job. */
  async cancelWaiting(tx: Transaction, jobId: string): Promise<number> {
    const { rowCount } = await tx.query(
      "UPDATE execution SET status = 'CANCELED', ended_at = now() WHERE job_id = $1 AND status = ANY($2)",
      [jobId, sourcesOf("cancel")],
    );
    return rowCount ?? 0;
  }

  /** Marks the sent executions of a job as to be canceled; their agents are to be asked then. */
  async askCancel(tx: Transaction, jobId: string): Promise<{ id: string; deviceId: string }[]> {
    const { rows } = await tx.query<Ended>(
      `UPDATE execution SET status = 'CANCELING' WHERE job_id = $1 AND status = ANY($2) RETURNING ${ENDED}`,
      [jobId, sourcesOf("ask-cancel")],
    );
    return rows;
  }

  /**
   * Ends every execution whose time is over: waiting past its job's end, sent and not begun past it, running too long. One
   * that ran too long and may be tried again goes back to wait.
   * @param jobId only this job's
   * @returns the devices whose next execution may go now
   */
  async endOverdue(jobId?: string): Promise<string[]> {
    const isTooLong = (since: string) =>
      `${since} <= now() - make_interval(secs => j.timeout_s) - ${seconds(TIMEOUT_GRACE_S)}`;
    const isPast = `j.expires_at <= now() - ${seconds(EXPIRY_GRACE_S)}`;
    const ended = [
      // Of jobs that are over nothing waits any more, and they are most of all jobs.
      ...(await this.giveUp(
        "QUEUED",
        "expire",
        "j.status IN ('SCHEDULED', 'ROLLING_OUT') AND j.expires_at <= now()",
        jobId,
      )),
      ...(await this.giveUp("SENT", "expire", isPast, jobId)),
      ...(await this.giveUp("RUNNING", "time-out", isTooLong("e.begun_at"), jobId)),
      // One that was never heard to begin is bounded from its sending.
      ...(await this.giveUp("CANCELING", "time-out", isTooLong("coalesce(e.begun_at, e.sent_at)"), jobId)),
    ];
    return [...new Set(ended.map(({ deviceId }) => deviceId))];
  }

  private async giveUp(
    from: ExecutionStatus,
    action: ServerAction,
    isOver: string,
    jobId: string | undefined,
  ): Promise<Ended[]> {
    const to = TRANSITIONS[from][action];
    if (!to) throw new Error(`No transition "${action}" from ${from}.`);
    const all: Ended[] = [];
    for (;;) {
      const some = await this.database.transaction((tx) => this.giveUpSome(tx, from, to, isOver, jobId));
      all.push(...some);
      if (some.length < AT_ONCE) return all;
    }
  }

  /** Rows that another transaction holds are left to it or to the next round, so that nobody waits for anybody. */
  private async giveUpSome(
    tx: Transaction,
    from: ExecutionStatus,
    to: ExecutionStatus,
    isOver: string,
    jobId: string | undefined,
  ): Promise<Ended[]> {
    const { rows } = await tx.query<Ended & Repeatable>(
      `SELECT e.id, e.job_id AS "jobId", e.device_id AS "deviceId", ${REPEATABLE}
         FROM execution e JOIN job j ON j.id = e.job_id
        WHERE e.ended_at IS NULL AND e.status = $1 AND ${isOver} AND ($2::uuid IS NULL OR e.job_id = $2)
        ORDER BY e.id LIMIT ${AT_ONCE} FOR UPDATE OF e SKIP LOCKED`,
      [from, jobId ?? null],
    );
    if (rows.length === 0) return rows;
    const again = sourcesOf("try-again").includes(from)
      ? rows.filter((row) => row.hasTime && mayTryAgain(row, { attempt: row.attempt, status: to, error: null }))
      : [];
    await this.tryAgain(
      tx,
      again.map((row) => ({ id: row.id, status: to, error: null, results: {}, waitS: waitBefore(row) })),
    );
    const ended = rows.filter((row) => !again.includes(row));
    await tx.query("UPDATE execution SET status = $2, given_up = $3, ended_at = now() WHERE id = ANY($1::uuid[])", [
      ended.map(({ id }) => id),
      to,
      from !== "QUEUED",
    ]);
    await this.completeJobs(tx, ended);
    return rows;
  }

  /** Locks executions for their reports, always in the same order. */
  async lock(tx: Transaction, ids: string[]): Promise<ReportedExecution[]> {
    const { rows } = await tx.query<ReportedExecution>(
      `SELECT e.id, e.job_id AS "jobId", e.device_id AS "deviceId", e.status, e.given_up AS "givenUp", e.late,
              j.timeout_s AS "timeoutS", ${IS_CONTROLLED} AS "isControlled", ${REPEATABLE}
         FROM execution e JOIN job j ON j.id = e.job_id
        WHERE e.id = ANY($1::uuid[]) ORDER BY e.id FOR UPDATE OF e`,
      [ids],
    );
    return rows;
  }

  /** Writes what reports changed, of executions locked before. */
  async update(tx: Transaction, updates: ExecutionUpdate[]): Promise<void> {
    await tx.query(
      `UPDATE execution e
          SET status = u.status, given_up = u."givenUp", late = u.late, results = e.results || u.results,
              begun_at = CASE WHEN u.status = 'RUNNING' THEN coalesce(e.begun_at, now()) ELSE e.begun_at END,
              error = CASE WHEN u."isEnd" THEN u.error ELSE e.error END,
              ended_at = CASE WHEN u."isEnd" THEN now() ELSE e.ended_at END
         FROM jsonb_to_recordset($1::jsonb)
           AS u(id uuid, status text, "givenUp" boolean, late boolean, results jsonb, error text, "isEnd" boolean)
        WHERE e.id = u.id`,
      [JSON.stringify(updates)],
    );
  }

  /** Begins the next attempts of executions locked before: they wait, and at their job if that counts what is at work. */
  async tryAgain(tx: Transaction, attempts: NextAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    await tx.query(
      `UPDATE execution e
          SET status = 'QUEUED', attempt = e.attempt + 1, sent_at = NULL, begun_at = NULL, given_up = false, late = false,
              error = u.error, results = '{}', not_before = now() + make_interval(secs => u."waitS"),
              released_at = ${RELEASED_AT_ONCE},
              former = e.former || jsonb_build_array(jsonb_build_object(
                'attempt', e.attempt, 'status', u.status, 'error', u.error, 'results', e.results || u.results))
         FROM jsonb_to_recordset($1::jsonb) AS u(id uuid, status text, error text, results jsonb, "waitS" int), job j
        WHERE e.id = u.id AND j.id = e.job_id`,
      [JSON.stringify(attempts)],
    );
  }

  /**
   * Completes the jobs whose executions are all over. The job's row is locked first: of two transactions that end its
   * last two executions, the later one sees what the earlier one did.
   */
  async completeJobs(tx: Transaction, ended: { jobId: string }[]): Promise<void> {
    const jobIds = [...new Set(ended.map(({ jobId }) => jobId))];
    if (jobIds.length === 0) return;
    await tx.query("SELECT 1 FROM job WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", [jobIds]);
    await tx.query(`UPDATE job j SET status = 'COMPLETED' WHERE id = ANY($1::uuid[]) AND ${IS_DONE}`, [jobIds]);
  }

  /** Completes jobs that were left without any open execution, for example because their devices were removed. */
  async completeLeftJobs(): Promise<void> {
    const { rows } = await this.database.pool.query<{ jobId: string }>(
      `SELECT j.id AS "jobId" FROM job j WHERE ${IS_DONE} LIMIT 1000`,
    );
    await this.database.transaction((tx) => this.completeJobs(tx, rows));
  }
}

/**
 * Nothing of a job `j` is open, and nothing will be: two questions, for each has an index of its own, and a job may have
 * a hundred thousand executions behind it.
 */
const IS_DONE = `j.status = 'ROLLING_OUT' AND j.expanded_at IS NOT NULL
  AND (j.target_mode <> 'continuous' OR j.expires_at <= now())
  AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.job_id = j.id AND e.ended_at IS NULL AND e.released_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.job_id = j.id AND e.ended_at IS NULL AND e.released_at IS NOT NULL)`;

/** How long an execution waits before its next attempt, in seconds. */
export function waitBefore({ attempt, backoffS }: { attempt: number; backoffS: number }): number {
  return backoffBefore(attempt + 1, backoffS);
}

function seconds(count: number): string {
  return `make_interval(secs => ${count})`;
}
