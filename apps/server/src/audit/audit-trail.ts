import { Inject, Injectable } from "@nestjs/common";
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { Database, type Transaction } from "../platform/database/database";
import { FleetScope, HOST_FLEET } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { addRecord, type Change, type Deed, type Outcome } from "./audit-record";

/** Something that is under way and whose beginning is on disk. */
export interface OpenEntry {
  readonly id: string;
  /** Whose it is. */
  readonly fleetId: number;
  /** Its change told what there is after it. */
  hasAfter: boolean;
}

/**
 * The record of who did what. What changes something writes that it begins before it begins, so that nothing can happen
 * without its entry, and its outcome behind it: an entry without one is what a crash left. What was changed is told in the
 * very transaction of the change.
 */
@Injectable()
export class AuditTrail {
  private readonly current = new AsyncLocalStorage<OpenEntry>();

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "nodeId">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Writes that something begins. @throws where it cannot be written: then it must not begin */
  async begin(deed: Deed): Promise<OpenEntry> {
    const id = randomUUID();
    const { behalf } = FleetScope;
    const fleetId = deed.fleetId ?? (typeof behalf === "number" ? behalf : HOST_FLEET);
    await addRecord(this.database.pool, this.settings.nodeId, id, "begun", { ...deed, fleetId });
    return { id, fleetId, hasAfter: false };
  }

  /** Runs what an entry is about: `changed` within it belongs to this entry. */
  within<T>(entry: OpenEntry, work: () => T): T {
    return this.current.run(entry, work);
  }

  /** Tells what a transaction changes, where it belongs to something under way; committed or rolled back with the change. */
  async changed(tx: Pick<Transaction, "query">, change: Change): Promise<void> {
    const entry = this.current.getStore();
    if (!entry) return;
    if (change.after !== undefined) entry.hasAfter = true;
    await addRecord(tx, this.settings.nodeId, entry.id, "changed", {
      ...change,
      fleetId: entry.fleetId,
    });
  }

  /** Writes what became of it. What was done stays done where this fails: its entry stays unfinished, as it is after a crash. */
  async end(entry: OpenEntry, { after, ...outcome }: Outcome): Promise<void> {
    const { fleetId } = entry;
    const known = entry.hasAfter ? { ...outcome, fleetId } : { ...outcome, fleetId, after };
    await addRecord(this.database.pool, this.settings.nodeId, entry.id, "ended", known).catch((error: unknown) => {
      this.logger.warn({ entry: entry.id, reason: (error as Error).message }, "an audit entry stays unfinished");
    });
  }

  /** Writes an entry as a whole: of what happens in `tx`, or of what did not happen. */
  async note(deed: Deed & Outcome, tx: Pick<Transaction, "query"> = this.database.pool): Promise<void> {
    await addRecord(tx, this.settings.nodeId, randomUUID(), "noted", deed);
  }
}
