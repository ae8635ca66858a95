import { Injectable, type OnModuleInit } from "@nestjs/common";
import { type NewEvent, type Projector, Projectors } from "../ingest/projectors";
import type { Transaction } from "../platform/database/database";

/** An interval that claims to be longer began by a clock that was wrong: its begin is taken as so long before its end. */
const MAX_INTERVAL = "366 days";

/**
 * Each `state` event closes one interval of its module: kept as it is, and as milliseconds by hour. Both only ever add what
 * a new event brings, so they are exact in any order of arrival.
 */
@Injectable()
export class IntervalsProjector implements Projector<"state">, OnModuleInit {
  readonly name = "intervals";
  readonly kinds = ["state"] as const;

  constructor(private readonly projectors: Projectors) {}

  onModuleInit(): void {
    this.projectors.register(this);
  }

  async apply(tx: Transaction, events: NewEvent<"state">[]): Promise<void> {
    await tx.query({
      name: "project-intervals",
      text: `
        WITH closed AS (
          INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause, config_version)
          SELECT v.device_id, v.epoch, v.seq, v.state,
                 greatest(least(v.began, v.ended), v.ended - interval '${MAX_INTERVAL}'), v.ended, v.cause, s.config_version
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
              AS v (device_id, epoch, seq, state, began, ended, cause)
            LEFT JOIN device_state s ON s.device_id = v.device_id
          RETURNING device_id, state, began, ended
        )
        INSERT INTO state_hour AS h (device_id, hour, state, ms)
        SELECT device_id, hour, state,
               sum(extract(epoch FROM least(ended, hour + interval '1 hour') - greatest(began, hour)) * 1000)::bigint
          FROM closed, generate_series(date_trunc('hour', began, 'UTC'), ended, interval '1 hour') AS hour
         WHERE greatest(began, hour) < least(ended, hour + interval '1 hour')
         GROUP BY device_id, hour, state ORDER BY device_id, hour, state
        ON CONFLICT (device_id, hour, state) DO UPDATE SET ms = h.ms + excluded.ms`,
      values: [
        events.map(({ deviceId }) => deviceId),
        events.map(({ epoch }) => epoch),
        events.map(({ event }) => event.seq),
        events.map(({ event }) => event.from),
        events.map(({ event }) => new Date(event.since).toISOString()),
        events.map(({ event }) => new Date(event.at).toISOString()),
        events.map(({ event }) => event.cause),
      ],
    });
  }
}
