import type { ChaosWorld } from "../world/chaos-world";
import type { MadeJob } from "../world/jobs";
import type { Problem } from "../fault";

const FINAL = ["SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "CANCELED", "EXPIRED"];

interface Execution {
  id: string;
  job: string;
  device: string;
  status: string;
  /** Different final states that were told to listeners. */
  ends: number;
}

/**
 * Each acknowledged job has one execution a device; each is in one final state, in no other before, and was done as often as
 * that says: once where it succeeded, at most once where not, by each agent that had the device's token.
 * @param jobs made long enough ago to be over
 */
export async function checkExecutions(world: ChaosWorld, jobs: readonly MadeJob[]): Promise<Problem[]> {
  const { rows } = await world.cluster.pool.query<Execution>(
    `WITH told AS (
       SELECT data->>'id' AS id, count(DISTINCT data->>'status')::int AS ends
         FROM live_event WHERE kind = 'execution' AND data->>'status' = ANY ($2) GROUP BY 1)
     SELECT e.id, e.job_id AS job, e.device_id AS device, e.status, coalesce(t.ends, 0) AS ends
       FROM execution e LEFT JOIN told t ON t.id = e.id::text WHERE e.job_id = ANY ($1::uuid[])`,
    [jobs.map(({ id }) => id), FINAL],
  );
  const byJob = new Map<string, Execution[]>();
  for (const row of rows) byJob.set(row.job, [...(byJob.get(row.job) ?? []), row]);
  const agents = new Map(world.agents.map((agent) => [agent.deviceId, agent]));
  const told = new Map<string, string[]>();
  for (const device of world.field) told.set(device.deviceId, await device.commands());

  const problems: Problem[] = [];
  for (const job of jobs) {
    const executions = byJob.get(job.id) ?? [];
    const devices = executions.map(({ device }) => device).sort();
    if (devices.join() !== [...job.deviceIds].sort().join())
      problems.push({ kind: "lost", text: `job ${job.id} has executions of ${devices.length} devices` });
    for (const { id, device, status, ends } of executions) {
      if (!FINAL.includes(status)) problems.push({ kind: "stuck", text: `execution ${id} is ${status}` });
      if (ends > 1) problems.push({ kind: "doubled", text: `execution ${id} ended in ${ends} states` });
      const agent = agents.get(device);
      // Two agents with one token do not know of each other: each does at most once what it is told.
      const runs = agent
        ? [agent, ...agent.twins].map(({ commands }) => (commands.get(id) ?? 0) / job.steps.length)
        : told.has(device)
          ? [told.get(device)!.filter((line) => line === job.steps[0]).length]
          : undefined;
      if (!runs) continue; // a module in memory, whose commands nobody can ask for
      const most = Math.max(...runs);
      if (most > 1) problems.push({ kind: "doubled", text: `execution ${id} (${status}) was done ${most} times` });
      if (most === 0 && status === "SUCCEEDED")
        problems.push({ kind: "lost", text: `execution ${id} succeeded, but was never done` });
    }
  }
  return problems;
}
