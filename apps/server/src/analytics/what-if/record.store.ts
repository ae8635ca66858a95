import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";

/** A stretch of time in one state; the last one may go on. Times are ms since 1970. */
export interface RecordedInterval {
  state: KnownModuleState;
  fromMs: number;
  toMs: number;
  /** Why it ended; null while it goes on. */
  cause: Cause | null;
  configVersion: number | null;
}

/** What a version of a configuration says about timers; undefined where it says nothing. */
export interface RecordedSettings {
  keepAliveS?: number;
  ackTimeoutS?: number;
  reopenAfterS?: number;
  backoff?: number;
}

/** What is stored of one device in a range. */
export interface DeviceRecord {
  intervals: RecordedInterval[];
  /** When heart-beats were lost. */
  pingTimeoutsMs: number[];
  /** When the broker acknowledged something else. */
  heardMs: number[];
  byVersion: Map<number, RecordedSettings>;
  /** What the module holds now. */
  latest: RecordedSettings;
}

interface Document {
  mqtt?: Record<string, unknown>;
  recovery?: Record<string, unknown>;
}

/** More acknowledgements than a year of busy publishing has: a device that tells more is not read whole. */
const MAX_EVENTS = 500_000;

@Injectable()
export class RecordStore {
  constructor(private readonly database: Database) {}

  /**
   * @param untilMs what goes on now goes on until then
   * @returns undefined where there are too many events to read
   */
  async read(deviceId: string, fromMs: number, toMs: number, untilMs: number): Promise<DeviceRecord | undefined> {
    const { pool } = this.database;
    const range = [deviceId, new Date(fromMs), new Date(toMs)];
    const [intervals, events, versions, configs] = await Promise.all([
      pool.query<Omit<RecordedInterval, "fromMs" | "toMs"> & { began: Date; ended: Date | null }>(
        `SELECT state, began, ended, cause, config_version AS "configVersion" FROM connection_interval
          WHERE device_id = $1 AND began < $3 AND ended > $2
         UNION ALL
         SELECT module_state, module_since, NULL, NULL, config_version FROM device_state
          WHERE device_id = $1 AND online AND module_since < $3
          ORDER BY began, ended NULLS LAST`,
        range,
      ),
      pool.query<{ kind: string; at: Date }>(
        `SELECT kind, at FROM module_event
          WHERE device_id = $1 AND at >= $2 AND at < $3
            AND (kind IN ('publish-ack', 'suback') OR (kind = 'timeout' AND fields ->> 'type' = '5'))
          ORDER BY at LIMIT ${MAX_EVENTS + 1}`,
        range,
      ),
      pool.query<{ version: number; document: Document | null }>(
        "SELECT version, document FROM config_version WHERE device_id = $1",
        [deviceId],
      ),
      pool.query<{ desired: Document | null; reported: Document | null }>(
        "SELECT desired, reported FROM device_config WHERE device_id = $1",
        [deviceId],
      ),
    ]);
    if (events.rows.length > MAX_EVENTS) return undefined;
    const at = (isLoss: boolean) =>
      events.rows.filter(({ kind }) => (kind === "timeout") === isLoss).map((event) => event.at.getTime());
    const [config] = configs.rows;
    return {
      intervals: intervals.rows.map(({ state, began, ended, cause, configVersion }) => ({
        state,
        fromMs: began.getTime(),
        toMs: ended?.getTime() ?? untilMs,
        cause,
        configVersion,
      })),
      pingTimeoutsMs: at(true),
      heardMs: at(false),
      byVersion: new Map(versions.rows.map(({ version, document }) => [version, settingsIn(document)])),
      latest: { ...settingsIn(config?.desired ?? null), ...settingsIn(config?.reported ?? null) },
    };
  }
}

function settingsIn(document: Document | null): RecordedSettings {
  const { mqtt, recovery } = document ?? {};
  const found: Record<keyof RecordedSettings, unknown> = {
    keepAliveS: mqtt?.keepAliveS,
    ackTimeoutS: mqtt?.ackTimeoutS,
    reopenAfterS: recovery?.reopenAfterS,
    backoff: recovery?.backoff,
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) => typeof value === "number" && value >= 1 && value <= 86_400),
  );
}
