import type { CreatedFleet, CreateFleet, Fleet, RenameFleet } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { AuditTrail } from "../audit/audit-trail";
import { hashCredential, newCredential } from "../auth/credentials";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database, type Transaction } from "../platform/database/database";
import { asSystem, HOST_FLEET } from "../platform/database/fleet-scope";
import { conflict, notFound } from "../platform/problems/problem.error";
import { uniqueName } from "../platform/problems/unique-name";

interface FleetRow {
  number: number;
  id: string;
  name: string;
  createdAt: Date;
}

const COLUMNS = `id AS number, public_id AS id, name, created_at AS "createdAt"`;

/**
 * The tenants. Fleets are the installation's, so all of this is asked as the system; the rows of a fleet are not touched but by
 * making its first key, and by removing it.
 */
@Injectable()
export class FleetsService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
  ) {}

  async list(): Promise<Fleet[]> {
    const { rows } = await asSystem(() =>
      this.database.pool.query<FleetRow>(`SELECT ${COLUMNS} FROM fleet ORDER BY id <> ${HOST_FLEET}, name`),
    );
    return rows.map(toFleet);
  }

  /** @throws 409 where another has the name, or the same request made one already */
  async create({ name }: CreateFleet, requestKey: RequestKey): Promise<CreatedFleet> {
    const key = newCredential("apiKey");
    return asSystem(() =>
      uniqueName("fleet", () =>
        this.idempotency.onceShown({ ...requestKey, request: ["fleet", name] }, "a fleet", async (tx) => {
          const { rows } = await tx.query<FleetRow>(`INSERT INTO fleet (name) VALUES ($1) RETURNING ${COLUMNS}`, [
            name,
          ]);
          const [row] = rows;
          if (!row) throw new Error("INSERT INTO fleet returned no row");
          await tx.query("INSERT INTO api_key (fleet_id, name, role, hash) VALUES ($1, 'admin', 'admin', $2)", [
            row.number,
            hashCredential(key),
          ]);
          return { ...toFleet(row), key };
        }),
      ),
    );
  }

  /** @throws 404; 409 where another has the name */
  rename(id: string, { name }: RenameFleet): Promise<Fleet> {
    return asSystem(() =>
      uniqueName("fleet", () =>
        this.database.transaction(async (tx) => {
          const before = await lock(tx, id);
          const after = { ...before, name };
          await tx.query("UPDATE fleet SET name = $2 WHERE id = $1", [before.number, name]);
          await this.trail.changed(tx, { before: toFleet(before), after: toFleet(after) });
          return toFleet(after);
        }),
      ),
    );
  }

  /** @throws 404; 409 while it has devices, and for the host */
  async remove(id: string): Promise<void> {
    await asSystem(() =>
      this.database.transaction(async (tx) => {
        const before = await lock(tx, id);
        if (before.number === HOST_FLEET) throw conflict("The host runs this installation: it stays.");
        const { rowCount } = await tx.query("SELECT FROM device WHERE fleet_id = $1 LIMIT 1", [before.number]);
        if (rowCount) throw conflict("The fleet has devices: remove them first.");
        // What belongs to the fleet goes with it; sums of what removed devices told go by their retention.
        await tx.query("DELETE FROM fleet WHERE id = $1", [before.number]);
        await this.trail.changed(tx, { before: toFleet(before) });
      }),
    );
  }
}

/** Also waits for devices that are being added: their rows refer to it. */
async function lock(tx: Transaction, id: string): Promise<FleetRow> {
  const { rows } = await tx.query<FleetRow>(`SELECT ${COLUMNS} FROM fleet WHERE public_id = $1 FOR UPDATE`, [id]);
  if (!rows[0]) throw notFound("fleet", id);
  return rows[0];
}

function toFleet({ number, id, name, createdAt }: FleetRow): Fleet {
  return { id, name, isHost: number === HOST_FLEET, createdAt: createdAt.toISOString() };
}
