import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { LOGGER } from "../platform/logging/nest-logger";
import { Queues } from "../platform/queues/queues";
import { EventPartitions } from "./partitions";
import { RemovedDevices } from "./removed-devices";
import { HistoryRetention } from "./retention";

const EVERY_MS = 6 * 3_600_000;
/** When partitions could not be made because the table was at work. */
const RETRY_MS = 60_000;
const JOB = "event-partitions";

/** Keeps the tables of history in shape: at the start, and then every six hours by one of the workers. */
@Injectable()
export class HistoryUpkeep implements OnModuleInit, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly partitions: EventPartitions,
    private readonly retention: HistoryRetention,
    private readonly removed: RemovedDevices,
    private readonly queues: Queues,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.makePartitions();
    this.queues.process("maintenance", async () => {
      await this.makePartitions();
      await this.retention.trim(new Date());
      await this.removed.forget();
    });
    await this.schedule();
    // A Redis that came back without its data has forgotten it; asking for it again changes nothing where it is known.
    this.timer = setInterval(() => {
      this.schedule().catch((error: unknown) => {
        this.logger.warn({ err: error }, "the maintenance of events was not scheduled now");
      });
    }, EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    clearTimeout(this.retry);
  }

  /** Meanwhile events of a day without a partition go to the default one, from which they are moved later. */
  private async makePartitions(): Promise<void> {
    if (await this.partitions.maintain(new Date())) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.makePartitions().catch((error: unknown) => {
        this.logger.warn({ err: error }, "event partitions could not be made now");
      });
    }, RETRY_MS).unref();
  }

  private schedule(): Promise<void> {
    return this.queues.every("maintenance", JOB, EVERY_MS);
  }
}
