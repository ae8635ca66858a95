import type { Database } from "../platform/database/database";
import { asSystem, inFleet } from "../platform/database/fleet-scope";

/** Runs something on behalf of a job's fleet, among whose devices alone its selector chooses; nothing where the job is gone. */
export async function onBehalfOfJob(database: Database, jobId: string, work: () => Promise<void>): Promise<void> {
  const { rows } = await asSystem(() =>
    database.pool.query<{ fleetId: number }>('SELECT fleet_id AS "fleetId" FROM job WHERE id = $1', [jobId]),
  );
  if (rows[0]) await inFleet(rows[0].fleetId, work);
}
