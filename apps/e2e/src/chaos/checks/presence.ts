import type { ChaosWorld } from "../world/chaos-world";
import type { Problem } from "../fault";

/** Presence is what is so: every device online, in one session, on the node that says to hold it. */
export async function checkPresence(world: ChaosWorld): Promise<Problem[]> {
  const { cluster, deviceIds, nodes } = world;
  const problem = (text: string): Problem => ({ kind: "presence", text });
  const { rows } = await cluster.pool.query<{ id: string; online: boolean; node: string; sessions: string[] | null }>(
    `SELECT s.device_id AS id, s.online, s.node,
            (SELECT array_agg(l.node) FROM link_session l WHERE l.device_id = s.device_id AND l.ended IS NULL) AS sessions
       FROM device_state s`,
  );
  const meant = new Set(deviceIds);
  const problems = rows.flatMap(({ id, online, node, sessions }) => {
    if (online !== meant.has(id)) return [problem(`${id} is ${online ? "online" : "offline"}`)];
    if (online && sessions?.join() !== node)
      return [problem(`${id} is on ${node}, its sessions on ${sessions?.join() ?? "none"}`)];
    return [];
  });
  const disconnected = world.agents.filter(({ isConnected }) => !isConnected).length;
  if (disconnected > 0) problems.push(problem(`${disconnected} light agents are not connected`));
  for (const index of nodes) {
    const held = rows.filter(({ online, node }) => online && node === `node-${index}`).length;
    const says = await gauge(cluster.urls[index]!, "fleet_agents_connected");
    if (says !== held) problems.push(problem(`node ${index} says to hold ${says} agents, presence says ${held}`));
  }
  return problems;
}

/** A metric of a node; NaN where it does not answer. */
async function gauge(url: string, name: string): Promise<number> {
  const text = await fetch(`${url}/metrics`).then(
    (answer) => answer.text(),
    () => "",
  );
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}
