import type { Role } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";

export interface UserRow {
  id: string;
  name: string;
  role: Role;
  passwordHash: string;
  createdAt: Date;
  passwordChangedAt: Date;
  signedInAt: Date | null;
}

const COLUMNS = `id, name, role, password_hash AS "passwordHash", created_at AS "createdAt",
                 password_changed_at AS "passwordChangedAt", signed_in_at AS "signedInAt"`;

@Injectable()
export class UsersStore {
  constructor(private readonly database: Database) {}

  async list(): Promise<UserRow[]> {
    const { rows } = await this.database.pool.query<UserRow>(`SELECT ${COLUMNS} FROM fleet_user ORDER BY name`);
    return rows;
  }

  async findByName(name: string): Promise<UserRow | undefined> {
    const { rows } = await this.database.pool.query<UserRow>(`SELECT ${COLUMNS} FROM fleet_user WHERE name = $1`, [
      name,
    ]);
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
       ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
      [name, role, passwordHash],
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
