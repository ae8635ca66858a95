import { readdirSync } from "node:fs";
import path from "node:path";
import type { Problem } from "../fault";
import type { ChaosWorld } from "../world/chaos-world";
import { holdingsOf, markedProcesses } from "../world/processes";

/** Connections to services come and go by some. */
const MORE_SOCKETS = 40;
const MORE_MEMORY = { mib: 150, share: 1.5 };

/** What the nodes hold, beside their agents' connections. */
export type NodeHoldings = Map<number, { pid: number; residentMib: number; sockets: number }>;

export async function measureNodes({ cluster, nodes }: ChaosWorld): Promise<NodeHoldings> {
  const { rows } = await cluster.pool.query<{ node: string; agents: number }>(
    "SELECT node, count(*)::int AS agents FROM link_session WHERE ended IS NULL GROUP BY 1",
  );
  const agents = new Map(rows.map(({ node, agents: count }) => [node, count]));
  const holdings: NodeHoldings = new Map();
  for (const index of nodes) {
    const pid = cluster.pids[index];
    if (pid === undefined) continue;
    const { residentMib, sockets } = holdingsOf(pid);
    holdings.set(index, { pid, residentMib, sockets: sockets - (agents.get(`node-${index}`) ?? 0) });
  }
  return holdings;
}

/** No process that nobody started, no file, and no node that holds much more than before. */
export async function checkLeftovers(world: ChaosWorld, before: NodeHoldings): Promise<Problem[]> {
  const problems: Problem[] = [];
  const found = markedProcesses(world.mark);
  if (found.length === 0) throw new Error("no process carries the mark by which those that are left behind are found");
  const meant = new Set(world.pids); // after them, for PostgreSQL begins processes all the time
  for (const { pid, command } of found)
    if (!meant.has(pid)) problems.push({ kind: "left", text: `process ${pid}: ${command}` });
  for (const file of readdirSync(path.join(world.folder, "tmp")))
    problems.push({ kind: "left", text: `temporary file ${file}` });
  for (const [index, { pid, residentMib, sockets }] of await measureNodes(world)) {
    const was = before.get(index);
    if (was?.pid !== pid) continue; // another process, which begins small
    if (sockets > was.sockets + MORE_SOCKETS)
      problems.push({ kind: "left", text: `${sockets} sockets of node ${index}, ${was.sockets} before` });
    const limitMib = Math.max(was.residentMib + MORE_MEMORY.mib, was.residentMib * MORE_MEMORY.share);
    if (residentMib > limitMib)
      problems.push({
        kind: "memory",
        text: `node ${index} holds ${Math.round(residentMib)} MiB, ${Math.round(was.residentMib)} before`,
      });
  }
  return problems;
}
