import type { ExecutionStatus } from "@mn316-fleet/contracts";
import type { JobKind, Step } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { type ExecutionState, FINAL_STATUSES, IN_FLIGHT_STATUSES, type ServerAction, sourcesOf } from "./transitions";

/** The result of one step as the API shows it. */
export interface StepResult {
  command: string;
  result: string;
  output: string[];
  truncated?: boolean;
  ms: number;
}

/** The first unfinished execution of a device, with all that is needed to send it. */
export interface HeadExecution {
  id: string;
  jobId: string;
  deviceId: string;
  status: ExecutionStatus;
  attempt: number;
  sentAt: Date | null;
  kind: JobKind;
  steps: Step[];
  timeoutS: number;
  expiresAt: Date;
  isJobCanceled: boolean;
  isOverdue: boolean;
}

/** An execution locked for a report. */
export interface ReportedExecution extends ExecutionState {
  id: string;
  jobId: string;
  deviceId: string;
  attempt: number;
  timeoutS: number;
}

/** What a report changes. */
export interface ExecutionUpdate extends ExecutionState {
  id: string;
  /** Step results that are new, by the step's index. */
  results: Record<string, StepResult>;
  error: string | null;
  isEnd: boolean;
}

interface Ended {
  id: string;
  jobId: string;
  deviceId: string;
}
const ENDED = `id, job_id AS "jobId", device_id AS "deviceId"`;

/** Grace for an agent that got an execution in time and whose report is still on its way. */
export const EXPIRY_GRACE_S = 5;
/** The agent bounds an execution by itself; the server gives it up only so much later. */
export const TIMEOUT_GRACE_S = 15;

/** The executions of devices; every change is a compare-and-set after the table of transitions. */
@Injectable()
export class ExecutionsStore {
  constructor(private readonly database: Database) {}

  /** The execution that is a device's turn: the oldest that is not over (index execution_waiting_idx). */
  async head(deviceId: string): Promise<HeadExecution | undefined> {
    const { rows } = await this.database.pool.query<HeadExecution>({
      name: "execution-head",
      text: `SELECT e.id, e.job_id AS "jobId", e.device_id AS "deviceId", e.status, e.attempt, e.sent_at AS "sentAt",
                    j.kind, j.steps, j.timeout_s AS "timeoutS", j.expires_at AS "expiresAt",
                    j.status = 'CANCELED' AS "isJobCanceled", j.expires_at <= now() AS "isOverdue"
               FROM execution e JOIN job j ON j.id = e.job_id
              WHERE e.device_id = $1 AND e.ended_at IS NULL ORDER BY e.position LIMIT 1`,
      values: [deviceId],
    });
    return rows[0];
  }

  /**
   * Claims an execution for sending.
   * @returns when, or undefined where another worker was faster or the device is busy with another execution
   */
  async claim(id: string): Promise<Date | undefined> {
    try {
      const { rows } = await this.database.pool.query<{ sentAt: Date }>(
        `UPDATE execution SET status = 'SENT', sent_at = now() WHERE id = $1 AND status = ANY($2)
         RETURNING sent_at AS "sentAt"`,
        [id, sourcesOf("send")],
      );
      return rows[0]?.sentAt;
    } catch (error) {
      // The unique index execution_in_flight: one at a time on a device.
      if ((error as { code?: unknown }).code === "23505") return undefined;
      throw error;
    }
  }

  /**
   * Claims an execution that was sent before for sending it once more.
   * @returns undefined where it began meanwhile, or another worker sends it
   */
  async reclaim(id: string, sentAt: Date): Promise<Date | undefined> {
    const { rows } = await this.database.pool.query<{ sentAt: Date }>(
      `UPDATE execution SET sent_at = now() WHERE id = $1 AND status = 'SENT' AND sent_at = $2
       RETURNING sent_at AS "sentAt"`,
      [id, sentAt],
    );
    return rows[0]?.sentAt;
  }

  /** Takes a claim back whose frame reached nobody: the execution waits for the device again. */
  async unclaim(id: string, sentAt: Date): Promise<void> {
    await this.database.pool.query(
      "UPDATE execution SET status = 'QUEUED', sent_at = NULL WHERE id = $1 AND sent_at = $2 AND status = ANY($3)",
      [id, sentAt, sourcesOf("undelivered")],
    );
  }

  /** Ends one execution that was never sent; false where it is no longer waiting. */
  async end(id: string, action: "refuse" | "cancel" | "expire", error: string | null): Promise<boolean> {
    const status = { refuse: "REJECTED", cancel: "CANCELED", expire: "EXPIRED" } as const;
    return this.database.transaction(async (tx) => {
      const { rows } = await tx.query<Ended>(
        `UPDATE execution SET status = $2, error = $3, ended_at = now() WHERE id = $1 AND status = 'QUEUED'
         RETURNING ${ENDED}`,
        [id, status[action], error],
      );
      await this.completeJobs(tx, rows);
      return rows.length > 0;
    });
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
   * Ends every execution whose time is over: waiting past its job's end, sent and not begun past it, running too long.
   * @param jobId only this job's
   * @returns the devices whose next execution may go now
   */
  async endOverdue(jobId?: string): Promise<string[]> {
    const ended = [
      ...(await this.giveUp("QUEUED", "expire", "EXPIRED", false, "j.expires_at <= now()", jobId)),
      ...(await this.giveUp(
        "SENT",
        "expire",
        "EXPIRED",
        true,
        `j.expires_at <= now() - ${seconds(EXPIRY_GRACE_S)}`,
        jobId,
      )),
      ...(await this.giveUp(
        "RUNNING",
        "time-out",
        "TIMED_OUT",
        true,
        `e.begun_at <= now() - make_interval(secs => j.timeout_s) - ${seconds(TIMEOUT_GRACE_S)}`,
        jobId,
      )),
      // One that was never heard to begin is bounded from its sending.
      ...(await this.giveUp(
        "CANCELING",
        "time-out",
        "TIMED_OUT",
        true,
        `coalesce(e.begun_at, e.sent_at) <= now() - make_interval(secs => j.timeout_s) - ${seconds(TIMEOUT_GRACE_S)}`,
        jobId,
      )),
    ];
    return [...new Set(ended.map(({ deviceId }) => deviceId))];
  }

  /** Rows that another transaction holds are left to it or to the next round, so that nobody waits for anybody. */
  private giveUp(
    from: ExecutionStatus,
    action: ServerAction,
    to: ExecutionStatus,
    givenUp: boolean,
    isOver: string,
    jobId: string | undefined,
  ): Promise<Ended[]> {
    if (!sourcesOf(action).includes(from)) throw new Error(`No transition "${action}" from ${from}.`);
    return this.database.transaction(async (tx) => {
      const { rows } = await tx.query<Ended>(
        `WITH over AS (
           SELECT e.id FROM execution e JOIN job j ON j.id = e.job_id
            WHERE e.ended_at IS NULL AND e.status = $1 AND ${isOver} AND ($4::uuid IS NULL OR e.job_id = $4)
            ORDER BY e.id LIMIT 5000 FOR UPDATE OF e SKIP LOCKED)
         UPDATE execution e SET status = $2, given_up = $3, ended_at = now() FROM over WHERE e.id = over.id
         RETURNING e.id, e.job_id AS "jobId", e.device_id AS "deviceId"`,
        [from, to, givenUp, jobId ?? null],
      );
      await this.completeJobs(tx, rows);
      return rows;
    });
  }

  /** Locks executions for their reports, always in the same order. */
  async lock(tx: Transaction, ids: string[]): Promise<ReportedExecution[]> {
    const { rows } = await tx.query<ReportedExecution>(
      `SELECT e.id, e.job_id AS "jobId", e.device_id AS "deviceId", e.attempt, e.status, e.given_up AS "givenUp", e.late,
              j.timeout_s AS "timeoutS"
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

  /**
   * Completes the jobs whose executions are all over. The job's row is locked first: of two transactions that end its
   * last two executions, the later one sees what the earlier one did.
   */
  async completeJobs(tx: Transaction, ended: { jobId: string }[]): Promise<void> {
    const jobIds = [...new Set(ended.map(({ jobId }) => jobId))];
    if (jobIds.length === 0) return;
    await tx.query("SELECT 1 FROM job WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", [jobIds]);
    await tx.query(
      `UPDATE job SET status = 'COMPLETED'
        WHERE id = ANY($1::uuid[]) AND status = 'ROLLING_OUT'
          AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.job_id = job.id AND e.status <> ALL($2))`,
      [jobIds, FINAL_STATUSES],
    );
  }

  /** Completes jobs that were left without any open execution, for example because their devices were removed. */
  async completeLeftJobs(): Promise<void> {
    const { rows } = await this.database.pool.query<{ jobId: string }>(
      `SELECT j.id AS "jobId" FROM job j WHERE j.status = 'ROLLING_OUT'
          AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.job_id = j.id AND e.ended_at IS NULL) LIMIT 1000`,
    );
    await this.database.transaction((tx) => this.completeJobs(tx, rows));
  }

  /**
   * Devices whose turn should have come: sent, or to be canceled, and so long ago that the agent would have answered; or
   * waiting while the device is connected and idle.
   */
  async stuckDevices(resendAfterS: number): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ deviceId: string }>(
      `SELECT e.device_id AS "deviceId" FROM execution e
        WHERE e.ended_at IS NULL AND e.status IN ('SENT', 'CANCELING') AND e.sent_at <= now() - make_interval(secs => $1)
       UNION
       SELECT e.device_id FROM execution e JOIN device_state s ON s.device_id = e.device_id AND s.online
        WHERE e.ended_at IS NULL AND e.status = 'QUEUED'
          AND NOT EXISTS (SELECT 1 FROM execution f WHERE f.device_id = e.device_id AND f.status = ANY($2))
       LIMIT 5000`,
      [resendAfterS, IN_FLIGHT_STATUSES],
    );
    return rows.map(({ deviceId }) => deviceId);
  }
}

function seconds(count: number): string {
  return `make_interval(secs => ${count})`;
}
