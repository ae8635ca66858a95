import type { AuditEntry, AuditFilter, AuditQuery, Page } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { z } from "zod";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { type AuditRow, AuditStore } from "./audit.store";

/** Entries of an export that are in memory at once. */
const BATCH = 500;
const position = z.string().regex(/^\d{1,18}$/);

/** Reads the audit trail. */
@Injectable()
export class AuditService {
  constructor(private readonly store: AuditStore) {}

  async list({ cursor, limit, ...filter }: AuditQuery): Promise<Page<AuditEntry>> {
    const rows = await this.store.list(filter, decodeCursor(cursor, position), limit + 1);
    return pageOfRows(rows, limit, toEntry, (row) => row.position);
  }

  /** All entries that a filter leaves, the newest first, read bit by bit. */
  async *all(filter: AuditFilter): AsyncGenerator<AuditEntry, void> {
    let before: string | undefined;
    do {
      const rows = await this.store.list(filter, before, BATCH);
      yield* rows.map(toEntry);
      before = rows.length < BATCH ? undefined : rows.at(-1)?.position;
    } while (before !== undefined);
  }
}

function toEntry(row: AuditRow): AuditEntry {
  const { actorKind, actorId, actorName, actorRole } = row;
  return {
    id: row.entry,
    at: row.at.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    actor: { kind: actorKind as AuditEntry["actor"]["kind"], id: actorId, name: actorName, role: actorRole },
    from: { address: row.address, node: row.node },
    action: row.action,
    resource: row.resource,
    outcome: row.outcome as AuditEntry["outcome"],
    status: row.status,
    detail: row.detail,
    request: row.request,
    before: row.before,
    after: row.after,
  };
}
