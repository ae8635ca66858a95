import type { Role } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { HOST_FLEET } from "../platform/database/fleet-scope";

export interface UserRow {
  id: string;
  name: string;
  role: Role;
  fleetId: number;
  fleet: string;
  /** null for a person of an OpenID provider. */
  passwordHash: string | null;
  issuer: string | null;
  createdAt: Date;
  passwordChangedAt: Date | null;
  signedInAt: Date | null;
}

const COLUMNS = `id, name, role, fleet_id AS "fleetId",
                 (SELECT f.name FROM fleet f WHERE f.id = fleet_id) AS fleet, password_hash AS "passwordHash", issuer, created_at AS "createdAt",
                 password_changed_at AS "passwordChangedAt", signed_in_at AS "signedInAt"`;

/** What somebody types to sign in: `ann` at the host, `north/ann` in the fleet `north`. */
export function signInNameOf({ name, fleetId, fleet }: Pick<UserRow, "name" | "fleetId" | "fleet">): string {
  return fleetId === HOST_FLEET ? name : `${fleet}/${name}`;
}

@Injectable()
export class UsersStore {
  constructor(private readonly database: Database) {}

  async list(): Promise<UserRow[]> {
    const { rows } = await this.database.pool.query<UserRow>(`SELECT ${COLUMNS} FROM fleet_user ORDER BY name`);
    return rows;
  }

  /** @param signInName see `signInNameOf` */
  async findBySignInName(signInName: string): Promise<UserRow | undefined> {
    const [name = "", fleet] = signInName.split("/", 2).reverse();
    const { rows } = await this.database.pool.query<UserRow>(
      `SELECT ${COLUMNS} FROM fleet_user WHERE name = $1 AND fleet_id =
         CASE WHEN $2::text IS NULL THEN ${HOST_FLEET} ELSE (SELECT id FROM fleet WHERE name = $2 AND id <> ${HOST_FLEET}) END`,
      [name, fleet],
    );
    return rows[0];
  }

  async find(id: string): Promise<UserRow | undefined> {
    const { rows } = await this.database.pool.query<UserRow>(`SELECT ${COLUMNS} FROM fleet_user WHERE id = $1`, [id]);
    return rows[0];
  }

  async lock(tx: Transaction, id: string): Promise<UserRow | undefined> {
    const { rows } = await tx.query<UserRow>(`SELECT ${COLUMNS} FROM fleet_user WHERE id = $1 FOR UPDATE`, [id]);
    return rows[0];
  }

  /** @returns undefined where the name is taken */
  async insert(tx: Transaction, name: string, role: Role, passwordHash: string): Promise<UserRow | undefined> {
    const { rows } = await tx.query<UserRow>(
      `INSERT INTO fleet_user (name, role, password_hash) VALUES ($1, $2, $3)
       ON CONFLICT (fleet_id, name) DO NOTHING RETURNING ${COLUMNS}`,
      [name, role, passwordHash],
    );
    return rows[0];
  }

  async lockBySubject(tx: Transaction, issuer: string, subject: string): Promise<UserRow | undefined> {
    const { rows } = await tx.query<UserRow>(
      `SELECT ${COLUMNS} FROM fleet_user WHERE issuer = $1 AND subject = $2 FOR UPDATE`,
      [issuer, subject],
    );
    return rows[0];
  }

  /** A person of the host. @returns undefined where the name is taken, or another sign-in of the same person made them meanwhile */
  async insertOfProvider(
    tx: Transaction,
    name: string,
    role: Role,
    { issuer, subject }: { issuer: string; subject: string },
  ): Promise<UserRow | undefined> {
    const { rows } = await tx.query<UserRow>(
      `INSERT INTO fleet_user (fleet_id, name, role, issuer, subject, password_changed_at)
       VALUES ($5, $1, $2, $3, $4, NULL) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
      [name, role, issuer, subject, HOST_FLEET],
    );
    return rows[0];
  }

  async write(tx: Transaction, id: string, role: Role): Promise<void> {
    await tx.query("UPDATE fleet_user SET role = $2 WHERE id = $1", [id, role]);
  }

  async writePassword(tx: Transaction, id: string, passwordHash: string): Promise<void> {
    await tx.query("UPDATE fleet_user SET password_hash = $2, password_changed_at = now() WHERE id = $1", [
      id,
      passwordHash,
    ]);
  }

  async signedIn(tx: Transaction, id: string): Promise<void> {
    await tx.query("UPDATE fleet_user SET signed_in_at = now() WHERE id = $1", [id]);
  }

  async remove(tx: Transaction, id: string): Promise<UserRow | undefined> {
    const { rows } = await tx.query<UserRow>(`DELETE FROM fleet_user WHERE id = $1 RETURNING ${COLUMNS}`, [id]);
    return rows[0];
  }
}
