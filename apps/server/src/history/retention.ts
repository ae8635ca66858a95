import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { deleteInBatches } from "./delete-in-batches";
import { oldestKeptDay } from "./retention-days";

const DAY_MS = 86_400_000;
/** By table, what of it lies wholly before $1. */
const PAST = {
  timeout_hour: "hour < $1",
  disconnect_hour: "hour < $1",
  connect_hour: "hour < $1",
  reconnect_hour: "hour < $1",
  signal_hour: "hour < $1",
  fleet_hour: "hour < $1",
  availability_week: "week + 7 <= ($1::timestamptz AT TIME ZONE 'UTC')::date",
  outage: "began < $1 AND ended < $1",
  connection_interval: "ended < $1",
  link_session: "began < $1 AND ended < $1",
};

/** Forgets what was learnt from events when it is past `FLEET_HISTORY_DAYS`, of devices and of the fleet alike. */
@Injectable()
export class HistoryRetention {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Harmless to repeat, and by several nodes at once. */
  async trim(now: Date): Promise<void> {
    const before = new Date(oldestKeptDay(this.settings.historyDays, now.getTime()) * DAY_MS);
    let rows = 0;
    for (const [table, condition] of Object.entries(PAST))
      rows += await deleteInBatches(this.database.pool, table, condition, [before]);
    if (rows > 0) this.logger.info({ rows }, "removed history past its retention");
  }
}
