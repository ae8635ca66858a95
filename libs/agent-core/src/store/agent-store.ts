import { ClassicLevel } from "classic-level";
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "pino";

/** The data folder cannot be used; the message says what to do. */
export class StoreError extends Error {
  constructor(
    readonly folder: string,
    readonly reason: string,
  ) {
    super(`the data folder ${folder} cannot be used: ${reason}`);
    this.name = "StoreError";
  }
}

export interface Write {
  key: string;
  /** Undefined deletes the key. */
  value: string | undefined;
}

interface OpenStore {
  store: AgentStore;
  /** Set when the files were damaged: what was held at the end may be missing now. */
  wasRepaired: boolean;
}

const WRITE_BUFFER_BYTES = 1024 * 1024;
const CACHE_BYTES = 512 * 1024;

/**
 * All that one agent keeps on disk, by key. Every write is one atomic batch.
 *
 * After a write that failed (a full disk, one that became read-only) LevelDB takes no further ones, since it cannot know
 * whether that one will be there: the store is closed and opened anew before the next.
 */
export class AgentStore {
  private needsReopening = false;
  private reopening: Promise<void> | undefined;
  private isClosed = false;

  private constructor(private readonly level: ClassicLevel) {}

  /**
   * Opens the store, or creates it. A torn last write is what LevelDB expects and drops; damage beyond that is repaired, and
   * what cannot be repaired is put aside and begun anew.
   * @throws StoreError where another process holds the folder, or it cannot be written
   */
  static async open(dataDir: string, log: Logger): Promise<OpenStore> {
    const folder = path.join(dataDir, "store");
    try {
      await mkdir(dataDir, { recursive: true });
      return { store: await AgentStore.openLevel(folder), wasRepaired: false };
    } catch (error) {
      const code = levelCode(error);
      if (code === "LEVEL_LOCKED") throw new StoreError(dataDir, "another agent uses it: give each its own --data-dir");
      if (code !== "LEVEL_CORRUPTION") throw new StoreError(dataDir, reasonOf(error));
      log.error({ folder, err: error }, "store damaged, repairing");
    }
    try {
      await ClassicLevel.repair(folder);
      return { store: await AgentStore.openLevel(folder), wasRepaired: true };
    } catch (error) {
      const aside = `${folder}.damaged-${Date.now()}`;
      log.error({ aside, err: error }, "store beyond repair, put aside");
      await rename(folder, aside);
      return { store: await AgentStore.openLevel(folder), wasRepaired: false };
    }
  }

  private static async openLevel(folder: string): Promise<AgentStore> {
    const level = new ClassicLevel(folder, { writeBufferSize: WRITE_BUFFER_BYTES, cacheSize: CACHE_BYTES });
    await level.open();
    return new AgentStore(level);
  }

  get(key: string): Promise<string | undefined> {
    return this.level.get(key);
  }

  /** Reads a JSON value. */
  async read<T>(key: string): Promise<T | undefined> {
    const text = await this.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  /** Writes a JSON value; resolves when it is on the disk itself. */
  save(key: string, value: unknown): Promise<void> {
    return this.write([{ key, value: JSON.stringify(value) }]);
  }

  /**
   * Writes all or nothing.
   * @param isSynced resolves only when it is on the disk itself; without it a power cut (not a killed process) may undo it
   */
  async write(writes: readonly Write[], isSynced = true): Promise<void> {
    if (this.needsReopening) await this.reopen();
    const operations = writes.map(({ key, value }) =>
      value === undefined ? { type: "del" as const, key } : { type: "put" as const, key, value },
    );
    try {
      await this.level.batch(operations, { sync: isSynced });
    } catch (error) {
      this.needsReopening = true;
      throw error;
    }
  }

  /** Entries with `first <= key <= last` in order. */
  entries(first: string, last: string): AsyncIterable<[string, string]> {
    return this.level.iterator({ gte: first, lte: last, highWaterMarkBytes: 64 * 1024 });
  }

  /** The first and the last key with `first <= key <= last`. */
  async ends(first: string, last: string): Promise<[string, string] | undefined> {
    const range = { gte: first, lte: last, limit: 1 };
    const [least] = await this.level.keys(range).all();
    const [greatest] = await this.level.keys({ ...range, reverse: true }).all();
    return least === undefined || greatest === undefined ? undefined : [least, greatest];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.reopening?.catch(() => undefined);
    await this.level.close();
  }

  private async reopen(): Promise<void> {
    this.reopening ??= this.openAnew().finally(() => (this.reopening = undefined));
    await this.reopening;
  }

  private async openAnew(): Promise<void> {
    if (this.isClosed) throw new Error("the store is closed");
    await this.level.close();
    await this.level.open();
    this.needsReopening = false;
  }
}

function levelCode(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return cause?.code ?? code;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message ?? message;
}
