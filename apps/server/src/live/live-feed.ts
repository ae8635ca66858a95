import { Inject, Injectable, type OnModuleDestroy } from "@nestjs/common";
import type { Logger } from "pino";
import { asSystem } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import { compare, type LivePosition, type LiveRow, LiveStore } from "./live.store";

/** How late readers may hear; one small query a node, and none without readers. */
const LOOK_EVERY_MS = 200;
const BATCH = 1_000;

/** Who reads along. */
export interface LiveReader {
  /** @param rows in order, of all fleets; what the reader does not want, or must not have, of them is its own affair */
  take(rows: readonly LiveRow[]): void;
  /** Events were missed. */
  reset(position: LivePosition): void;
}

/** Reads the live events of all fleets once for all readers of this node. */
@Injectable()
export class LiveFeed implements OnModuleDestroy {
  private readonly readers = new Map<LiveReader, LivePosition>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: LiveStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.readers.size;
  }

  async onModuleDestroy(): Promise<void> {
    this.readers.clear();
    clearTimeout(this.timer);
    await this.looking;
  }

  /**
   * Begins to read along.
   * @param from the last event that the reader has; undefined for one that wants what comes from now on, "unknown" for one
   *   that has missed nobody knows what
   */
  join(reader: LiveReader, from: LivePosition | "unknown" | undefined): Promise<void> {
    return asSystem(() => this.begin(reader, from));
  }

  leave(reader: LiveReader): void {
    this.readers.delete(reader);
  }

  private async begin(reader: LiveReader, from: LivePosition | "unknown" | undefined): Promise<void> {
    if (from === "unknown" || (from && !(await this.store.isKept(from)))) {
      const position = await this.store.now();
      reader.reset(position);
      this.readers.set(reader, position);
    } else this.readers.set(reader, from ?? (await this.store.now()));
    this.timer ??= this.next(0);
  }

  private next(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.looking = this.look()
        .catch((error: unknown) => {
          this.logger.warn({ reason: (error as Error).message }, "live events not read now");
          return false;
        })
        .then((isMore) => {
          this.timer = this.readers.size > 0 ? this.next(isMore ? 0 : LOOK_EVERY_MS) : undefined;
        });
    }, afterMs).unref();
  }

  /** One batch for whoever stands furthest back, and for all who have caught up with it. @returns whether there is more */
  private async look(): Promise<boolean> {
    const positions = [...this.readers.values()].sort(compare);
    const [from] = positions;
    if (!from) return false;
    const rows = await this.store.after(from, BATCH);
    const last = rows.at(-1);
    if (!last) return false;
    for (const [reader, position] of this.readers) {
      const fresh = rows.filter((row) => compare(row.position, position) > 0);
      if (fresh.length === 0) continue;
      this.readers.set(reader, last.position);
      reader.take(fresh);
    }
    return rows.length === BATCH || positions.some((position) => compare(position, last.position) > 0);
  }
}
