import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { Database, type Transaction } from "../platform/database/database";
import { inFleet } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { Signals } from "../platform/signals/signals";
import { ConfigFrames } from "./config-frames";
import { ConfigsStore, type VersionCause } from "./configs.store";
import { PasswordsStore } from "./passwords.store";
import { isOtherProblem, nextVersion, Resolver } from "./resolver";

/** Wakes the workers; a lost one costs at most the time until they look by themselves. */
export const CONFIGS_UNRESOLVED = "configs-unresolved";

const LOOK_EVERY_MS = 2_000;
/** Looks between two searches for agents that did not hear, and for passwords that nothing uses. */
const LOOKS_A_SWEEP = 8;
/** Devices a transaction: its locks are held for some tens of milliseconds. */
const BATCH = 500;
/** An agent that is connected and has not begun with its configuration by then is told once more. */
const UNHEARD_AFTER_S = 60;

/**
 * Resolves the devices that something marked: profiles, tags, names, IMEIs, firmware. The marks are rows that were written
 * with the change itself, and go away with the version that they lead to: whatever dies in between, the next look goes on.
 * Workers share the marks; each takes those that no other has locked.
 */
@Injectable()
export class UnresolvedConfigs implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looks = 0;
  private running: Promise<void> = Promise.resolve();
  private isStopping = false;
  private unsubscribe: (() => Promise<void>) | undefined;

  constructor(
    private readonly database: Database,
    private readonly store: ConfigsStore,
    private readonly resolver: Resolver,
    private readonly passwords: PasswordsStore,
    private readonly frames: ConfigFrames,
    private readonly signals: Signals,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.settings.roles.has("worker")) return;
    this.unsubscribe = await this.signals.subscribe(CONFIGS_UNRESOLVED, () => this.look());
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.unsubscribe?.();
    await this.running;
  }

  /** Resolves all that is marked now. @returns how many devices got another version */
  async drain(): Promise<number> {
    const { rows } = await this.database.pool.query<{ fleetId: number }>(
      'SELECT DISTINCT f.fleet_id AS "fleetId" FROM config_unresolved u JOIN device_fleet f USING (device_id)',
    );
    let changed = 0;
    for (const { fleetId } of rows) changed += await inFleet(fleetId, () => this.drainFleet());
    if (changed > 0) this.logger.info({ devices: changed }, "configurations resolved anew");
    return changed;
  }

  /** A fleet's devices have that fleet's profiles. */
  private async drainFleet(): Promise<number> {
    let changed = 0;
    for (let isMore = true; isMore && !this.isStopping;) {
      const batch = await this.database.transaction((tx) => this.resolveBatch(tx));
      if (batch.changed.length > 0) await this.tellConnected(batch.changed);
      changed += batch.changed.length;
      isMore = batch.taken === BATCH;
    }
    return changed;
  }

  private look(): void {
    this.running = this.running
      .then(() => this.drain())
      .then(() => (this.looks++ % LOOKS_A_SWEEP === 0 ? this.sweep() : undefined))
      .catch((error: unknown) => {
        if (!this.isStopping) this.logger.warn({ err: error }, "configurations not resolved now");
      });
  }

  private async resolveBatch(tx: Transaction): Promise<{ taken: number; changed: string[] }> {
    const causes = await takeMarks(tx);
    const rows = await this.store.lock(tx, [...causes.keys()]);
    const outcomes = rows.length > 0 ? await this.resolver.resolve(tx, rows) : [];
    const changed = outcomes.filter(({ isChanged }) => isChanged);
    await this.store.writeVersions(
      tx,
      changed.map((outcome) => nextVersion(outcome, causes.get(outcome.row.deviceId) ?? UNKNOWN_CAUSE)),
    );
    await this.store.writeProblems(
      tx,
      outcomes
        .filter(({ isChanged, row, problems }) => !isChanged && isOtherProblem(row.problems, problems))
        .map(({ row, problems }) => ({ deviceId: row.deviceId, problems })),
    );
    return { taken: causes.size, changed: changed.map(({ row }) => row.deviceId) };
  }

  private async tellConnected(deviceIds: readonly string[]): Promise<void> {
    await this.frames.tell([...(await this.store.connected(deviceIds))]);
  }

  /** Tells agents that did not hear, and forgets passwords that nothing uses. */
  async sweep(): Promise<void> {
    const unheard = await this.store.unheard(UNHEARD_AFTER_S, BATCH);
    if (unheard.length > 0) await this.frames.tell(unheard);
    await this.passwords.removeUnused();
  }
}

const UNKNOWN_CAUSE: VersionCause = { author: "fleet", source: "register" };

/** Takes marks away that no other worker has, and devices that nobody removes meanwhile. */
async function takeMarks(tx: Transaction): Promise<Map<string, VersionCause>> {
  const { rows } = await tx.query<VersionCause & { deviceId: string }>(
    `DELETE FROM config_unresolved WHERE device_id IN (
       SELECT u.device_id FROM config_unresolved u JOIN device d ON d.id = u.device_id
        ORDER BY u.device_id LIMIT ${BATCH} FOR UPDATE OF u SKIP LOCKED FOR KEY SHARE OF d SKIP LOCKED)
     RETURNING device_id AS "deviceId", author, source, source_id AS "sourceId", source_name AS "sourceName"`,
  );
  return new Map(rows.map(({ deviceId, ...cause }) => [deviceId, cause]));
}
