import type { ExecutionStatus, Selector } from "@mn316-fleet/contracts";
import type { JobKind, Step } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { isTaken } from "../platform/problems/unique-name";
import { IS_CONTROLLED } from "./controlled";
import { type Ended, ENDED, ExecutionsStore } from "./executions.store";
import { IN_FLIGHT_STATUSES, sourcesOf } from "./transitions";

/** The execution whose turn it is on a device, with all that is needed to send it. */
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
  selector: Selector | null;
  /** Its job counts what is at work. */
  isControlled: boolean;
  isJobOver: boolean;
  isOverdue: boolean;
  /** Was sent longer ago than an answer takes. */
  isUnanswered: boolean;
  /** Where it waited for long: a later job of its kind that waits for the device, too. */
  supersededBy: string | null;
}

/** A claim to send an execution. */
export interface Claim {
  id: string;
  sentAt: Date;
}

/** An execution that waits on a device, or is in flight there. */
export interface WaitingExecution {
  deviceId: string;
  jobId: string;
  isReleased: boolean;
  /** When PostgreSQL was asked, by its own clock, which all times of executions are by. */
  askedAt: Date;
}

/** Whoever asks for the same twice within so long means it twice. */
const WAITED_S = 10;
/** May go out: released, and not waiting between two attempts. */
const IS_DUE = "e.released_at IS NOT NULL AND (e.not_before IS NULL OR e.not_before <= now())";

/** Whose turn it is on each device; every change is a compare-and-set after the table of transitions. */
@Injectable()
export class TurnsStore {
  constructor(
    private readonly database: Database,
    private readonly executions: ExecutionsStore,
  ) {}

  /**
   * The executions whose turn it is: on each device the one in flight, else the oldest that may go out (index
   * execution_waiting_idx). One that is held back, or waits before its next attempt, lets the others pass.
   * @param answerWithinS how long an answer takes at most
   */
  async heads(deviceIds: readonly string[], answerWithinS: number): Promise<HeadExecution[]> {
    const { rows } = await this.database.pool.query<HeadExecution>({
      name: "execution-heads",
      text: `SELECT DISTINCT ON (e.device_id)
                    e.id, e.job_id AS "jobId", e.device_id AS "deviceId", e.status, e.attempt, e.sent_at AS "sentAt",
                    j.kind, j.steps, j.timeout_s AS "timeoutS", j.expires_at AS "expiresAt", j.selector,
                    ${IS_CONTROLLED} AS "isControlled", j.status IN ('CANCELED', 'ABORTED') AS "isJobOver",
                    j.expires_at <= now() AS "isOverdue",
                    coalesce(e.sent_at < now() - make_interval(secs => $2), false) AS "isUnanswered",
                    (SELECT n.job_id FROM execution n JOIN job k ON k.id = n.job_id
                      WHERE e.released_at <= now() - make_interval(secs => ${WAITED_S})
                        AND n.device_id = e.device_id AND n.ended_at IS NULL AND n.status = 'QUEUED'
                        AND n.released_at IS NOT NULL AND n.position > e.position AND k.kind = j.kind AND k.kind <> 'at'
                      LIMIT 1) AS "supersededBy"
               FROM execution e JOIN job j ON j.id = e.job_id
              WHERE e.device_id = ANY($1::uuid[]) AND e.ended_at IS NULL AND (e.status <> 'QUEUED' OR ${IS_DUE})
              ORDER BY e.device_id, e.status = 'QUEUED', e.position`,
      values: [deviceIds, answerWithinS],
    });
    return rows;
  }

  /** What waits or is in flight on devices (index execution_waiting_idx). */
  async waiting(deviceIds: readonly string[]): Promise<WaitingExecution[]> {
    const { rows } = await this.database.pool.query<WaitingExecution>({
      name: "execution-waiting",
      text: `SELECT device_id AS "deviceId", job_id AS "jobId", released_at IS NOT NULL AS "isReleased", now() AS "askedAt"
               FROM execution WHERE device_id = ANY($1::uuid[]) AND ended_at IS NULL`,
      values: [deviceIds],
    });
    return rows;
  }

  /**
   * Claims executions for sending.
   * @returns those that are claimed: not where another worker was faster or the device is busy with another execution
   */
  async claim(ids: readonly string[]): Promise<Claim[]> {
    if (ids.length === 0) return [];
    try {
      const { rows } = await this.database.pool.query<Claim>({
        name: "execution-claim",
        text: `UPDATE execution e SET status = 'SENT', sent_at = now()
                WHERE e.id = ANY($1::uuid[]) AND e.status = ANY($2) AND ${IS_DUE} RETURNING e.id, e.sent_at AS "sentAt"`,
        values: [ids, sourcesOf("send")],
      });
      return rows;
    } catch (error) {
      // The unique index execution_in_flight: one at a time on a device.
      if (!isTaken(error)) throw error;
      if (ids.length === 1) return [];
      const claims: Claim[] = [];
      for (const id of ids) claims.push(...(await this.claim([id])));
      return claims;
    }
  }

  /**
   * Claims executions that were sent before for sending them once more.
   * @returns those that are claimed: not where one began meanwhile, or another worker sends it
   */
  async reclaim(claims: readonly Claim[]): Promise<Claim[]> {
    if (claims.length === 0) return [];
    const { rows } = await this.database.pool.query<Claim>(
      `UPDATE execution e SET sent_at = now() FROM unnest($1::uuid[], $2::timestamptz[]) AS c (id, sent_at)
        WHERE e.id = c.id AND e.status = 'SENT' AND e.sent_at = c.sent_at RETURNING e.id, e.sent_at AS "sentAt"`,
      [claims.map(({ id }) => id), claims.map(({ sentAt }) => sentAt.toISOString())],
    );
    return rows;
  }

  /** Takes a claim back whose frame reached nobody: the execution waits for the device again, at its job if that counts. */
  async unclaim({ id, sentAt }: Claim): Promise<void> {
    await this.database.pool.query(
      `UPDATE execution e
          SET status = 'QUEUED', sent_at = NULL, released_at = CASE WHEN ${IS_CONTROLLED} THEN NULL ELSE e.released_at END
         FROM job j WHERE j.id = e.job_id AND e.id = $1 AND e.sent_at = $2 AND e.status = ANY($3)`,
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
      await this.executions.completeJobs(tx, rows);
      return rows.length > 0;
    });
  }

  /**
   * Devices whose turn should have come: sent, or to be canceled, and so long ago that the agent would have answered; or
   * waiting while the device is connected and idle.
   */
  async stuckDevices(resendAfterS: number): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ deviceId: string }>(
      `SELECT e.device_id AS "deviceId" FROM execution e
        WHERE e.status IN ('SENT', 'CANCELING') AND e.sent_at <= now() - make_interval(secs => $1)
       UNION
       SELECT e.device_id FROM device_state s JOIN execution e ON e.device_id = s.device_id
        WHERE s.online AND e.ended_at IS NULL AND e.status = 'QUEUED' AND ${IS_DUE}
          AND NOT EXISTS (SELECT 1 FROM execution f WHERE f.device_id = e.device_id AND f.status = ANY($2))
       LIMIT 5000`,
      [resendAfterS, IN_FLIGHT_STATUSES],
    );
    return rows.map(({ deviceId }) => deviceId);
  }
}
