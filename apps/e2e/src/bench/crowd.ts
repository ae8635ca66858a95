import type { Cluster } from "../harness/cluster";
import type { LightAgent } from "../harness/light-agent";

/** A job that waits for every device with a tag. */
export function createJob(cluster: Cluster, tag: string) {
  return cluster.api().ok("POST", "jobs", {
    kind: "at",
    steps: [{ command: "AT+CSQ" }],
    targets: { selector: { tags: [tag] } },
  });
}

/** Waits until a job has its executions. Asked of its row alone: counting them again and again would be measured, too. */
export async function untilExpanded(cluster: Cluster, jobId: string): Promise<void> {
  const expanded = "SELECT 1 FROM job WHERE id = $1 AND expanded_at IS NOT NULL";
  while ((await cluster.pool.query(expanded, [jobId])).rowCount !== 1) await pause(20);
}

/** Connects many agents as fast as a listener takes them. */
export async function connect(agents: readonly LightAgent[]): Promise<void> {
  for (const agent of agents) {
    agent.start();
    if (Math.random() < 0.02) await pause(10); // a listener's queue has an end
  }
  while (agents.some(({ isConnected }) => !isConnected)) await pause(50);
}

/** Disconnects agents, and waits until the server has noticed. */
export async function leave(cluster: Cluster, agents: readonly LightAgent[]): Promise<void> {
  for (const agent of agents) agent.stop();
  const ids = agents.map(({ deviceId }) => deviceId);
  const online = "SELECT 1 FROM device_state WHERE device_id = ANY ($1::uuid[]) AND online";
  while ((await cluster.pool.query(online, [ids])).rowCount !== 0) await pause(50);
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
