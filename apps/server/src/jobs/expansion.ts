import type { Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { DEVICES, selectorSql } from "../devices/selection";
import { Database, type Transaction } from "../platform/database/database";
import { onBehalfOfJob } from "./on-behalf-of-job";
import { RELEASED_AT_ONCE } from "./controlled";
import { WakeUps } from "./wake-ups";

interface Unexpanded {
  selector: Selector;
  createdAt: Date;
  isExpanded: boolean;
  isContinuous: boolean;
  toAt: Date | null;
  to: string | null;
}

interface Page {
  devices: number;
  lastAt: Date | null;
  last: string | null;
  /** Connected, and may go out at once. */
  ready: string[];
}

/** Devices of one statement: some hundred milliseconds of work, and what a crash loses at most. */
const AT_ONCE = 5_000;
const IS_OPEN = "j.status IN ('SCHEDULED', 'ROLLING_OUT') AND j.schedule IS NULL";

/**
 * Gives each device that a job's selector chooses its execution, page by page of the fleet. How far it is stands in the
 * job's row and is committed with the page: whoever goes on after a crash begins where that ended, and two workers at once
 * take turns. The rows never leave PostgreSQL, so the memory that this takes does not grow with the fleet.
 */
@Injectable()
export class Expansion {
  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
  ) {}

  /** Until all targets have their execution, or the job is over. */
  expand(jobId: string): Promise<void> {
    return onBehalfOfJob(this.database, jobId, async () => {
      while (await this.nextPage(jobId));
      this.wakeUps.release(jobId);
    });
  }

  /** Takes devices into a continuous job that match its selector by now. */
  join(jobId: string): Promise<void> {
    return onBehalfOfJob(this.database, jobId, () => this.takeIn(jobId));
  }

  private async takeIn(jobId: string): Promise<void> {
    const ready = await this.database.transaction(async (tx) => {
      const job = await this.lock(tx, jobId);
      if (!job?.isExpanded || !job.isContinuous) return [];
      const { sql, parameters } = selectorSql(job.selector, 2);
      const { rows } = await tx.query<{ deviceId: string; isReady: boolean }>(
        `WITH added AS (
           INSERT INTO execution (job_id, device_id, released_at)
           SELECT j.id, d.id, ${RELEASED_AT_ONCE}
             FROM job j, ${DEVICES}
            WHERE j.id = $1 AND ${sql}
              AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.job_id = $1 AND e.device_id = d.id)
            ORDER BY d.created_at, d.id LIMIT ${AT_ONCE}
           ON CONFLICT DO NOTHING RETURNING device_id, released_at)
         SELECT a.device_id AS "deviceId", s.online AND a.released_at IS NOT NULL AS "isReady"
           FROM added a JOIN device_state s ON s.device_id = a.device_id`,
        [jobId, ...parameters],
      );
      return rows.filter(({ isReady }) => isReady).map(({ deviceId }) => deviceId);
    });
    this.dispatch(jobId, ready);
  }

  /** @returns whether there is another page */
  private async nextPage(jobId: string): Promise<boolean> {
    const page = await this.database.transaction(async (tx) => {
      const job = await this.lock(tx, jobId);
      if (!job || job.isExpanded) return undefined;
      const page = await this.insertPage(tx, jobId, job);
      await tx.query(
        `UPDATE job SET expanded_to_at = coalesce($2, expanded_to_at), expanded_to = coalesce($3, expanded_to),
                expanded_at = CASE WHEN $4 THEN now() END WHERE id = $1`,
        [jobId, page.lastAt, page.last, page.devices < AT_ONCE],
      );
      return page;
    });
    if (!page) return false;
    this.dispatch(jobId, page.ready);
    return page.devices === AT_ONCE;
  }

  /** A device that is made after the job is none of its targets, or joins it later (index device_created_at_id_idx). */
  private async insertPage(tx: Transaction, jobId: string, job: Unexpanded): Promise<Page> {
    const { sql, parameters } = selectorSql(job.selector, 5);
    const { rows } = await tx.query<Page>(
      `WITH page AS (
         SELECT d.id, d.created_at FROM ${DEVICES}
          WHERE d.created_at <= $2 AND ($3::timestamptz IS NULL OR (d.created_at, d.id) > ($3, $4::uuid)) AND ${sql}
          ORDER BY d.created_at, d.id LIMIT ${AT_ONCE}),
       added AS (
         INSERT INTO execution (job_id, device_id, released_at)
         SELECT j.id, p.id, ${RELEASED_AT_ONCE} FROM page p, job j WHERE j.id = $1 ORDER BY p.created_at, p.id
         ON CONFLICT DO NOTHING RETURNING device_id, released_at),
       last AS (SELECT id, created_at FROM page ORDER BY created_at DESC, id DESC LIMIT 1)
       SELECT (SELECT count(*)::int FROM page) AS devices, (SELECT created_at FROM last) AS "lastAt",
              (SELECT id FROM last) AS last,
              ARRAY (SELECT a.device_id FROM added a JOIN device_state s ON s.device_id = a.device_id
                      WHERE s.online AND a.released_at IS NOT NULL) AS ready`,
      [jobId, job.createdAt, job.toAt, job.to, ...parameters],
    );
    const [page] = rows;
    if (!page) throw new Error("a page of targets has no row");
    return page;
  }

  private async lock(tx: Transaction, jobId: string): Promise<Unexpanded | undefined> {
    const { rows } = await tx.query<Unexpanded>(
      `SELECT j.selector, j.created_at AS "createdAt", j.expanded_at IS NOT NULL AS "isExpanded",
              j.target_mode = 'continuous' AS "isContinuous", j.expanded_to_at AS "toAt", j.expanded_to AS "to"
         FROM job j WHERE j.id = $1 AND j.selector IS NOT NULL AND ${IS_OPEN} FOR UPDATE`,
      [jobId],
    );
    return rows[0];
  }

  private dispatch(jobId: string, deviceIds: readonly string[]): void {
    this.wakeUps.dispatch(deviceIds.map((deviceId) => ({ deviceId, reason: `expanded-${jobId}-${deviceId}` })));
  }
}
