import type { Database } from "../database/database";
import type { SealedSecret, SecretVault } from "./secret-vault";

/** A table of sealed secrets: `id`, `sealed`, `key_id`. */
export interface SecretTable {
  name: string;
  /** The column with what each secret is bound to. */
  owner: string;
}

/** How many were sealed anew, and how many cannot be because their key is not here. */
export interface Resealed {
  resealed: number;
  unreadable: number;
}

interface SecretRow extends SealedSecret {
  id: string;
  ownerId: string;
}

const BATCH = 500;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/**
 * Encrypts the secrets of a table anew that another key than the present one encrypted: in batches of a transaction each, so
 * that it may be cut short and asked for again. Ids stay.
 */
export async function reseal(database: Database, vault: SecretVault, { name, owner }: SecretTable): Promise<Resealed> {
  const done = { resealed: 0, unreadable: 0 };
  let after = FIRST_ID;
  for (;;) {
    const batch = await database.transaction(async (tx) => {
      const { rows } = await tx.query<SecretRow>(
        `SELECT id, ${owner} AS "ownerId", sealed, key_id AS "keyId" FROM ${name}
          WHERE key_id <> $1 AND id > $2 ORDER BY id LIMIT ${BATCH} FOR UPDATE`,
        [vault.keyId, after],
      );
      const known = rows.filter(({ keyId }) => vault.knows(keyId));
      const sealed = known.map(({ ownerId, ...row }) => vault.seal(vault.open(row, ownerId), ownerId).sealed);
      await tx.query(
        `UPDATE ${name} s SET sealed = v.sealed, key_id = $3
           FROM unnest($1::uuid[], $2::bytea[]) AS v (id, sealed) WHERE s.id = v.id`,
        [known.map(({ id }) => id), sealed, vault.keyId],
      );
      done.resealed += known.length;
      done.unreadable += rows.length - known.length;
      return rows;
    });
    const last = batch.at(-1);
    if (!last) return done;
    after = last.id;
  }
}
