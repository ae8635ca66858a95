import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { FrameHandlers } from "../gateway/frame-handlers";
import { TurnsStore } from "../jobs/turns.store";
import { WakeUps } from "../jobs/wake-ups";
import { LOGGER } from "../platform/logging/nest-logger";

/** Hellos of so much time are looked at together. */
const TOGETHER_MS = 50;
/** Devices of one question to PostgreSQL. */
const AT_ONCE = 1_000;

interface Arrival {
  fencing: bigint;
  /** By the steady clock, in ms. */
  at: number;
}

/**
 * Sends what waited for devices when they connect. When a whole fleet comes back at once, it costs a question a thousand
 * devices and a wake-up a job or fifty devices, not one of each a device; and a device for which nothing waits costs no more.
 */
@Injectable()
export class Hellos implements OnModuleInit, OnApplicationShutdown {
  private readonly arrived = new Map<string, Arrival>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly frames: FrameHandlers,
    private readonly turns: TurnsStore,
    private readonly wakeUps: WakeUps,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.frames.followers.push(({ deviceId, fencing }) => {
      this.arrived.set(deviceId, { fencing, at: performance.now() });
      this.timer ??= setTimeout(() => {
        this.look();
      }, TOGETHER_MS);
      return Promise.resolve();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.looking;
  }

  private look(): void {
    this.timer = undefined;
    const arrived = new Map(this.arrived);
    this.arrived.clear();
    this.looking = this.looking
      .then(() => this.wake(arrived))
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, "hellos not followed up now; the reconciler will make up for it");
      });
  }

  private async wake(arrived: Map<string, Arrival>): Promise<void> {
    const deviceIds = [...arrived.keys()];
    for (let next = 0; next < deviceIds.length; next += AT_ONCE) {
      const waiting = await this.turns.waiting(deviceIds.slice(next, next + AT_ONCE));
      // The clock of this process may stand elsewhere than PostgreSQL's, by which it is told when an execution was sent.
      const clockMs = (waiting[0]?.askedAt.getTime() ?? 0) - performance.now();
      const released = new Set(waiting.filter(({ isReleased }) => isReleased).map(({ deviceId }) => deviceId));
      this.wakeUps.dispatch(
        [...released].map((deviceId) => {
          const { fencing = 0n, at = 0 } = arrived.get(deviceId) ?? {};
          return { deviceId, linkSinceMs: Math.floor(clockMs + at), reason: `hello-${deviceId}-${fencing}` };
        }),
      );
      const held = new Set(waiting.filter(({ isReleased }) => !isReleased).map(({ jobId }) => jobId));
      for (const jobId of held) this.wakeUps.release(jobId);
    }
  }
}
