import type { ConfigChange, ConfigSource } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { StoredDocument } from "./resolve";

export interface ConfigVersionRow {
  version: number;
  at: Date;
  author: string;
  source: ConfigSource;
  sourceId: string | null;
  sourceName: string | null;
  sourceVersion: number | null;
  changes: ConfigChange[];
  document: StoredDocument | null;
  passwordId: string | null;
}

const SELECT = `
  SELECT version, at, author, source, source_id AS "sourceId", source_name AS "sourceName",
         source_version AS "sourceVersion", changes, document, password_id AS "passwordId"
    FROM config_version WHERE device_id = $1`;

/** The versions that a device's configuration went through. */
@Injectable()
export class ConfigVersionsStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, newest first (primary key). */
  async list(deviceId: string, limit: number, before: number | undefined): Promise<ConfigVersionRow[]> {
    const { rows } = await this.database.pool.query<ConfigVersionRow>(
      `${SELECT} AND ($2::int IS NULL OR version < $2) ORDER BY version DESC LIMIT $3`,
      [deviceId, before ?? null, limit + 1],
    );
    return rows;
  }

  async find(
    deviceId: string,
    version: number,
    tx: Pick<Transaction, "query"> = this.database.pool,
  ): Promise<ConfigVersionRow | undefined> {
    const { rows } = await tx.query<ConfigVersionRow>(`${SELECT} AND version = $2`, [deviceId, version]);
    return rows[0];
  }
}
