import type { StorableEvent, StoredKind } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import type { Transaction } from "../platform/database/database";

/** An event that was stored for the first time, in the order (device, epoch, seq) within a batch. */
export interface NewEvent<K extends StoredKind = StoredKind> {
  deviceId: string;
  epoch: number;
  receivedAt: Date;
  event: Extract<StorableEvent, { kind: K }>;
}

/** What a feature learns from events, inside the transaction that stores them. Must be set-based: one statement a batch. */
export interface Projector<K extends StoredKind = StoredKind> {
  readonly name: string;
  readonly kinds: readonly K[];
  /** @param afterCommit takes what to do after the commit, if anything (signals; never needed for correctness) */
  apply(tx: Transaction, events: NewEvent<K>[], afterCommit: (followUp: () => void) => void): Promise<void>;
}

/** Where features register their projectors; the ingest itself knows no feature. */
@Injectable()
export class Projectors {
  private readonly list: Projector[] = [];

  register<K extends StoredKind>(projector: Projector<K>): void {
    this.list.push(projector as unknown as Projector);
  }

  all(): readonly Projector[] {
    return this.list;
  }
}
