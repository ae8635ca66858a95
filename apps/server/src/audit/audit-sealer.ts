import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { Database, type Transaction } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { type ChainedRecord, COLUMNS, FIRST_HASH, nextHash } from "./chain";

const EVERY_MS = 1_000;
/** Records a transaction. */
const BATCH = 1_000;
/** Of several workers, one seals; the others look again a second later. */
const SEALER_LOCK = 316_000_006;
/** How often the end of the chain goes to the log, outside the database's reach, while it grows. */
const ANCHOR_EVERY_MS = 60_000;

/** The end of the chain. */
export interface ChainHead {
  position: bigint;
  hash: Buffer;
}

/**
 * Chains committed records, on workers. Records become visible in another order than they were begun in, so their place in the
 * chain is the order in which they are found here; `audit_unsealed` keeps each until then, and no writer ever waits.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private anchored = { at: 0, position: 0n };

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.running ??= this.run().finally(() => (this.running = undefined));
    }, EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Chains all that waits. @returns the end of the chain, undefined where another process is at it */
  async seal(): Promise<ChainHead | undefined> {
    for (;;) {
      const step = await this.database.transaction((tx) => this.step(tx));
      if (step === undefined || step.sealed < BATCH) return step?.head;
    }
  }

  private async run(): Promise<void> {
    try {
      const head = await this.seal();
      const now = Date.now();
      if (!head || head.position <= this.anchored.position || now - this.anchored.at < ANCHOR_EVERY_MS) return;
      this.anchored = { at: now, position: head.position };
      this.logger.info({ anchor: `${head.position}:${head.hash.toString("hex")}` }, "audit trail sealed");
    } catch (error) {
      this.logger.warn({ reason: (error as Error).message }, "audit records not sealed now");
    }
  }

  private async step(tx: Transaction): Promise<{ head: ChainHead; sealed: number } | undefined> {
    const lock = await tx.query<{ isOurs: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS "isOurs"`, [SEALER_LOCK]);
    if (!lock.rows[0]?.isOurs) return undefined;
    const head = await this.head(tx);
    const { rows } = await tx.query<{ id: string; record: ChainedRecord }>(
      `SELECT r.id, ${COLUMNS} AS record FROM audit_unsealed u JOIN audit_record r ON r.id = u.record_id
        ORDER BY r.id LIMIT $1`,
      [BATCH],
    );
    let { position, hash } = head;
    const seals = rows.map(({ id, record }) => {
      position += 1n;
      hash = nextHash(hash, record);
      return { id, position, hash };
    });
    if (seals.length === 0) return { head, sealed: 0 };
    const ids = seals.map(({ id }) => id);
    await tx.query(
      `INSERT INTO audit_seal (position, record_id, hash) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])`,
      [seals.map((seal) => String(seal.position)), ids, seals.map((seal) => seal.hash)],
    );
    await tx.query("DELETE FROM audit_unsealed WHERE record_id = ANY ($1::bigint[])", [ids]);
    return { head: { position, hash }, sealed: seals.length };
  }

  private async head(tx: Transaction): Promise<ChainHead> {
    const { rows } = await tx.query<{ position: string; hash: Buffer }>(
      "SELECT position, hash FROM audit_seal ORDER BY position DESC LIMIT 1",
    );
    const [last] = rows;
    return last ? { position: BigInt(last.position), hash: last.hash } : { position: 0n, hash: FIRST_HASH };
  }
}
