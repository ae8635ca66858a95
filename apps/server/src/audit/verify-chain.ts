import type { Database } from "../platform/database/database";
import { type ChainedRecord, COLUMNS, FIRST_HASH, nextHash } from "./chain";

const BATCH = 1_000;

/** An end of the chain that was written down elsewhere, in the log or on paper. */
export interface Anchor {
  position: bigint;
  hash: string;
}

export interface ChainReport {
  /** Records that the chain covers and that are as they were sealed. */
  verified: number;
  /** The end of the chain, to be written down elsewhere. */
  head: Anchor;
  /** Records that wait for their place in the chain. */
  waiting: number;
  /** The first thing that is wrong, in the order of the chain. */
  broken?: string;
}

/**
 * Walks the chain from its beginning and compares every record.
 * @param anchor the chain must have led through it
 */
export async function verifyChain(database: Pick<Database, "pool">, anchor?: Anchor): Promise<ChainReport> {
  let position = 0n;
  let hash = FIRST_HASH;
  const report = (waiting: number, broken?: string): ChainReport => ({
    ...{ verified: Number(position), head: { position, hash: hash.toString("hex") }, waiting },
    ...(broken !== undefined && { broken }),
  });
  for (;;) {
    const { rows } = await database.pool.query<Sealed>(
      `SELECT s.position, s.record_id AS "recordId", s.hash, CASE WHEN r.id IS NOT NULL THEN ${COLUMNS} END AS record
         FROM audit_seal s LEFT JOIN audit_record r ON r.id = s.record_id
        WHERE s.position > $1 ORDER BY s.position LIMIT $2`,
      [String(position), BATCH],
    );
    for (const row of rows) {
      const broken = breach(row, position, hash);
      if (broken !== undefined) return report(0, broken);
      position += 1n;
      hash = row.hash;
      if (anchor?.position === position && anchor.hash !== hash.toString("hex"))
        return report(0, `position ${position} has another hash than was written down: the chain was made anew`);
    }
    if (rows.length < BATCH) break;
  }
  if (anchor && anchor.position > position)
    return report(0, `the chain ends at position ${position}: what was behind it is gone`);
  const { waiting, broken } = await unsealed(database);
  return report(waiting, broken);
}

interface Sealed {
  position: string;
  recordId: string;
  hash: Buffer;
  record: ChainedRecord | null;
}

function breach({ position, recordId, hash, record }: Sealed, former: bigint, formerHash: Buffer): string | undefined {
  if (BigInt(position) !== former + 1n) return `position ${former + 1n}: its seal was removed`;
  if (!record) return `position ${position}: record ${recordId} was removed`;
  const isSame = nextHash(formerHash, record).equals(hash);
  return isSame ? undefined : `position ${position}: record ${recordId} or its seal was changed`;
}

/** A record without a seal waits for one, or somebody took the seal away. */
async function unsealed({ pool }: Pick<Database, "pool">): Promise<{ waiting: number; broken?: string }> {
  const { rows } = await pool.query<{ waiting: number; lost: string | null; removed: string | null }>(
    `SELECT (SELECT count(*)::int FROM audit_unsealed) AS waiting,
            (SELECT min(r.id)::text FROM audit_record r
              WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.record_id = r.id)
                AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.record_id = r.id)) AS lost,
            (SELECT min(u.record_id)::text FROM audit_unsealed u
              WHERE NOT EXISTS (SELECT 1 FROM audit_record r WHERE r.id = u.record_id)) AS removed`,
  );
  const [{ waiting, lost, removed } = { waiting: 0, lost: null, removed: null }] = rows;
  if (lost !== null) return { waiting, broken: `record ${lost} is outside of the chain` };
  if (removed !== null) return { waiting, broken: `record ${removed} was removed before it was sealed` };
  return { waiting };
}
