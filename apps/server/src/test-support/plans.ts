import type { Pool, QueryConfig } from "pg";

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  Plans?: PlanNode[];
}

/** How PostgreSQL went about a statement: the tables that it read from end to end, and the indexes that it used. */
export interface Plan {
  scanned: string[];
  indexes: string[];
}

/**
 * Explains what `work` asks a pool, with the values that it asks with.
 * @returns the plans in the order of the statements
 */
export async function plansOf(pool: Pool, work: () => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  const query = pool.query.bind(pool) as (text: string, values?: unknown[]) => Promise<{ rows: never[] }>;
  const explaining = async (statement: string | QueryConfig, values: unknown[] = []) => {
    const { text, values: own = values } = typeof statement === "string" ? { text: statement } : statement;
    const { rows } = await query(`EXPLAIN (FORMAT JSON) ${text}`, own);
    const [{ "QUERY PLAN": explained }] = rows as unknown as [{ "QUERY PLAN": [{ Plan: PlanNode }] }];
    const nodes = [...nodesOf(explained[0].Plan)];
    plans.push({
      scanned: nodes.flatMap((node) => (node["Node Type"] === "Seq Scan" ? (node["Relation Name"] ?? []) : [])),
      indexes: nodes.flatMap((node) => node["Index Name"] ?? []),
    });
    return query(text, own);
  };
  pool.query = explaining as unknown as Pool["query"];
  try {
    await work();
  } finally {
    pool.query = query as unknown as Pool["query"];
  }
  return plans;
}

function* nodesOf(node: PlanNode): Iterable<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}
