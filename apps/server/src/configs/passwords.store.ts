import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { type SealedSecret, SecretVault } from "../platform/secrets/secret-vault";
import type { LayerPassword } from "./judge";

/** Where they lie, for the rotation of keys. */
export const PASSWORDS = { name: "mqtt_password", owner: "owner_id" };

/** A stored password; `ownerId` is the device or profile that it is bound to. */
export interface StoredPassword extends SealedSecret {
  id: string;
  ownerId: string;
}

const SELECT = `SELECT id, owner_id AS "ownerId", sealed, key_id AS "keyId" FROM mqtt_password`;
/** What was just written may not be referred to yet. */
const UNUSED_AFTER_S = 3_600;

/** The modules' MQTT passwords; whatever uses one refers to it by its id. */
@Injectable()
export class PasswordsStore {
  constructor(
    private readonly database: Database,
    private readonly vault: SecretVault,
  ) {}

  /** Encrypts and stores a password. @returns its id */
  async add(tx: Transaction, password: string, ownerId: string): Promise<string> {
    const { sealed, keyId } = this.vault.seal(password, ownerId);
    const { rows } = await tx.query<{ id: string }>(
      "INSERT INTO mqtt_password (owner_id, sealed, key_id) VALUES ($1, $2, $3) RETURNING id",
      [ownerId, sealed, keyId],
    );
    const [added] = rows;
    if (!added) throw new Error("INSERT INTO mqtt_password returned no row");
    return added.id;
  }

  /**
   * @returns the password in clear
   * @throws WrongKeyError where a key sealed it that this process does not have
   */
  async open(tx: Pick<Transaction, "query">, id: string): Promise<string> {
    const { rows } = await tx.query<StoredPassword>(`${SELECT} WHERE id = $1`, [id]);
    const [stored] = rows;
    if (!stored) throw new Error(`no password ${id}`);
    return this.vault.open(stored, stored.ownerId);
  }

  /** The passwords in clear, by their ids; of one that no key of this process opens, which key it was. */
  async openAll(tx: Pick<Transaction, "query">, ids: readonly string[]): Promise<Map<string, LayerPassword>> {
    if (ids.length === 0) return new Map();
    const { rows } = await tx.query<StoredPassword>(`${SELECT} WHERE id = ANY ($1::uuid[])`, [ids]);
    return new Map(
      rows.map(({ id, ownerId, ...sealed }) => [
        id,
        this.vault.knows(sealed.keyId) ? this.vault.open(sealed, ownerId) : { unreadableKey: sealed.keyId },
      ]),
    );
  }

  /** Forgets passwords that nothing refers to any more (indexes on every column that may). @returns how many */
  async removeUnused(): Promise<number> {
    const { rowCount } = await this.database.pool.query(
      `DELETE FROM mqtt_password p
        WHERE created_at < now() - make_interval(secs => $1)
          AND NOT EXISTS (SELECT 1 FROM device_config c WHERE c.password_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM device_config c WHERE c.own_password_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM profile f WHERE f.password_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM config_version v WHERE v.password_id = p.id)`,
      [UNUSED_AFTER_S],
    );
    return rowCount ?? 0;
  }
}
