import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import { AuditTrail } from "../audit/audit-trail";
import { Database, type Transaction } from "../platform/database/database";
import { HOST_FLEET } from "../platform/database/fleet-scope";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { hashCredential, newCredential } from "./credentials";

/** Any number that no other advisory lock of the fleet uses: of several nodes that start at once, one makes the key. */
const FIRST_KEY_LOCK = 316_000_002;

/**
 * Sees to it at start that somebody can call: `FLEET_ADMIN_KEY` is the first admin key and replaces the one it named at
 * an earlier start; without it and without any admin key one is made.
 */
@Injectable()
export class FirstAdminKey implements OnModuleInit {
  private made: string | undefined;

  constructor(
    private readonly database: Database,
    private readonly trail: AuditTrail,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "adminKey">,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.settings.adminKey !== undefined) await this.install(this.settings.adminKey);
    else this.made = await this.makeIfNone();
  }

  /** The key made at this start, for whoever prints it; only the first call gives it. */
  take(): string | undefined {
    const key = this.made;
    this.made = undefined;
    return key;
  }

  private install(key: string): Promise<void> {
    const hash = hashCredential(key);
    return this.database.transaction(async (tx) => {
      const replaced = await tx.query("DELETE FROM api_key WHERE source = 'environment' AND hash <> $1", [hash]);
      const { rows } = await tx.query<{ id: string }>(
        `INSERT INTO api_key AS k (fleet_id, name, role, hash, source)
         VALUES ($2, 'FLEET_ADMIN_KEY', 'admin', $1, 'environment')
         ON CONFLICT (hash) DO UPDATE SET fleet_id = $2, role = 'admin', expires_at = NULL, source = 'environment'
          WHERE (k.fleet_id, k.role, k.source) <> ($2, 'admin', 'environment') OR k.expires_at IS NOT NULL RETURNING id`,
        [hash, HOST_FLEET],
      );
      const [key] = rows;
      if (key) await this.note(tx, key.id, { source: "environment", replaced: replaced.rowCount ?? 0 });
    });
  }

  private makeIfNone(): Promise<string | undefined> {
    return this.database.transaction(async (tx) => {
      await tx.query("SELECT pg_advisory_xact_lock($1)", [FIRST_KEY_LOCK]);
      const { rowCount } = await tx.query(
        `SELECT 1 FROM api_key
          WHERE fleet_id = $1 AND role = 'admin' AND (expires_at IS NULL OR expires_at > now()) LIMIT 1`,
        [HOST_FLEET],
      );
      if (rowCount) return undefined;
      const key = newCredential("apiKey");
      const { rows } = await tx.query<{ id: string }>(
        `INSERT INTO api_key (fleet_id, name, role, hash, source)
         VALUES ($2, 'admin', 'admin', $1, 'first-start') RETURNING id`,
        [hashCredential(key), HOST_FLEET],
      );
      await this.note(tx, rows[0]?.id ?? "", { source: "first-start" });
      return key;
    });
  }

  private note(tx: Transaction, id: string, after: object): Promise<void> {
    const actor = { kind: "system", name: "start" } as const;
    return this.trail.note(
      { fleetId: HOST_FLEET, actor, action: "admin-key", resource: `api-keys/${id}`, status: 201, after },
      tx,
    );
  }
}
