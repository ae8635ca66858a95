import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { Idempotency } from "../idempotency/idempotency";
import { ExecutionsStore } from "../jobs/executions.store";
import { Expansion } from "../jobs/expansion";
import { JobsStore } from "../jobs/jobs.store";
import { Rollouts } from "../jobs/rollouts";
import { TurnsStore } from "../jobs/turns.store";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { Dispatcher, RESEND_AFTER_S } from "./dispatcher";

/** So long an execution can be stuck at most after a worker died or Redis lost its data. */
const EVERY_MS = 15_000;
/** Any number that no other advisory lock of the fleet uses: one worker at a time reconciles. */
const RECONCILER_LOCK = 316_000_003;
/** Devices whose turns are looked at together. */
const AT_ONCE = 50;

/**
 * Makes up for whatever the queues lost, from PostgreSQL alone: it ends what is overdue, advances
 * jobs that should have moved, and sends what should have gone.
 * It runs on a timer of its own and not as a repeated BullMQ job, which a Redis without its data would have forgotten.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly executions: ExecutionsStore,
    private readonly turns: TurnsStore,
    private readonly jobs: JobsStore,
    private readonly expansion: Expansion,
    private readonly rollouts: Rollouts,
    private readonly idempotency: Idempotency,
    private readonly dispatcher: Dispatcher,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.run();
    this.timer = setInterval(() => this.run(), EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** One round, unless another worker is at it. */
  async reconcile(): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { rows } = await tx.query<{ isMine: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS "isMine"`, [
        RECONCILER_LOCK,
      ]);
      if (!rows[0]?.isMine) return;
      const freed = await this.executions.endOverdue();
      await this.executions.completeLeftJobs();
      for (const { id, isExpanded } of await this.jobs.toAdvance()) {
        await (isExpanded ? this.expansion.join(id) : this.expansion.expand(id));
        await this.rollouts.advance(id);
      }
      const stuck = await this.turns.stuckDevices(RESEND_AFTER_S);
      const devices = [...new Set([...freed, ...stuck])];
      for (let next = 0; next < devices.length; next += AT_ONCE)
        await this.dispatcher.dispatch(devices.slice(next, next + AT_ONCE).map((deviceId) => ({ deviceId })));
      await this.idempotency.clean();
    });
  }

  private run(): void {
    this.running = this.running
      .then(() => this.reconcile())
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, "executions not reconciled now");
      });
  }
}
