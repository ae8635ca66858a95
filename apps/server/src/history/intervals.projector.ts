import { Injectable } from "@nestjs/common";
import type { NewEvent, Projector } from "../ingest/projectors";
import { plainArray } from "../platform/database/arrays";
import type { Transaction } from "../platform/database/database";
import { trustedBegin } from "./rollups/interval-limits";

/** Each `state` event closes one interval of its module. */
@Injectable()
export class IntervalsProjector implements Projector<"state"> {
  readonly name = "intervals";
  readonly kinds = ["state"] as const;

  async apply(tx: Transaction, events: NewEvent<"state">[]): Promise<void> {
    await tx.query({
      name: "project-intervals",
      text: `
        INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause, config_version)
        SELECT v.device_id, v.epoch, v.seq, v.state, v.began, v.ended, v.cause, s.config_version
          FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
            AS v (device_id, epoch, seq, state, began, ended, cause)
          LEFT JOIN device_state s ON s.device_id = v.device_id`,
      values: [
        plainArray(events.map(({ deviceId }) => deviceId)),
        plainArray(events.map(({ epoch }) => epoch)),
        plainArray(events.map(({ event }) => event.seq)),
        plainArray(events.map(({ event }) => event.from)),
        plainArray(events.map(({ event }) => new Date(trustedBegin(event.since, event.at)).toISOString())),
        plainArray(events.map(({ event }) => new Date(event.at).toISOString())),
        plainArray(events.map(({ event }) => event.cause)),
      ],
    });
  }
}
