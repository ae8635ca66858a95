import { TIMEOUT_NAMES, TIMEOUT_TYPES, type TimeoutType } from "@mn316-fleet/manual";
import { Injectable, type OnModuleInit } from "@nestjs/common";
import { type NewEvent, type Projector, Projectors } from "../ingest/projectors";
import type { Transaction } from "../platform/database/database";

const COLUMNS = TIMEOUT_NAMES.join(", ");
const SUMS = TIMEOUT_NAMES.map((name) => `count(*) FILTER (WHERE v.type = '${name}')`).join(", ");
const ADDITIONS = TIMEOUT_NAMES.map((name) => `${name} = h.${name} + excluded.${name}`).join(", ");

/** Counts the module's `+MQTTTO` by type, hour and device. */
@Injectable()
export class TimeoutsProjector implements Projector<"timeout">, OnModuleInit {
  readonly name = "timeouts";
  readonly kinds = ["timeout"] as const;

  constructor(private readonly projectors: Projectors) {}

  onModuleInit(): void {
    this.projectors.register(this);
  }

  async apply(tx: Transaction, events: NewEvent<"timeout">[]): Promise<void> {
    await tx.query({
      name: "project-timeouts",
      text: `INSERT INTO timeout_hour AS h (device_id, hour, ${COLUMNS})
             SELECT v.device_id, date_trunc('hour', v.at, 'UTC') AS hour, ${SUMS}
               FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS v (device_id, at, type)
              GROUP BY v.device_id, 2 ORDER BY v.device_id, 2
             ON CONFLICT (device_id, hour) DO UPDATE SET ${ADDITIONS}`,
      values: [
        events.map(({ deviceId }) => deviceId),
        events.map(({ event }) => new Date(event.at).toISOString()),
        events.map(({ event }) => TIMEOUT_TYPES[event.type as TimeoutType]),
      ],
    });
  }
}
