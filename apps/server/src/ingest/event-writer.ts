import type { UnreadEvent } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import { Histogram } from "prom-client";
import { jsonLines, plainArray } from "../platform/database/arrays";
import { Database, type Transaction } from "../platform/database/database";
import { Metrics } from "../platform/metrics/metrics";
import type { EventBatch } from "./event-batch";
import { type NewEvent, Projectors } from "./projectors";
import { continueSequence } from "./sequence";
import { type SerializedEvent, storableEvent } from "./storable-event";

/** What became of a batch. */
export interface Written {
  batch: EventBatch;
  /** How many of its events were new. */
  stored: number;
  /** Those of them that were kept as they came. */
  unread: UnreadEvent[];
  acked: number;
  missing: number | undefined;
}

/** A new event, with its fields as they are stored, and the place of its batch among those of the transaction. */
type Fresh = NewEvent & SerializedEvent & { batch: number };

interface Position {
  deviceId: string;
  epoch: number;
  acked: number;
}

const positionKey = (deviceId: string, epoch: number) => `${deviceId}/${epoch}`;

/** Writes batches of many devices in one transaction: raw events, what the projectors learn, and the positions. */
@Injectable()
export class EventWriter {
  private readonly projectorSeconds: Histogram<"projector">;

  constructor(
    private readonly database: Database,
    private readonly projectors: Projectors,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.projectorSeconds = new Histogram({
      name: "fleet_projector_seconds",
      help: "Time of one projector within one ingest transaction",
      labelNames: ["projector"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
      registers: [metrics],
    });
  }

  /**
   * @param given batches, in each device's own order
   * @param isProjected false stores events without asking the projectors, and passes over those that are there already
   */
  async write(given: readonly EventBatch[], isProjected = true): Promise<Written[]> {
    // In the order in which rows are locked and indexes lie, so that whatever is put in order behind this is so already.
    const batches = [...given].sort((a, b) => (a.deviceId < b.deviceId ? -1 : Number(a.deviceId > b.deviceId)));
    const followUps: (() => void)[] = [];
    const written = await this.database.ingestTransaction(async (tx) => {
      const positions = await lockPositions(tx, batches);
      const { fresh, results } = select(positions, batches);
      if (fresh.length > 0) {
        await insert(tx, batches, fresh, positions, !isProjected);
        for (const projector of isProjected ? this.projectors.all() : []) {
          const events = fresh.filter(({ event }) => projector.kinds.includes(event.kind));
          if (events.length === 0) continue;
          const endTimer = this.projectorSeconds.startTimer({ projector: projector.name });
          await projector.apply(tx, events, (followUp) => followUps.push(followUp));
          endTimer();
        }
      }
      return results;
    });
    for (const followUp of followUps) followUp();
    return written;
  }
}

/** The row locks order the batches of a device across nodes; taken in one order, so that they cannot cross. */
async function lockPositions(tx: Transaction, batches: readonly EventBatch[]): Promise<Map<string, Position>> {
  const wanted = new Map(batches.map(({ deviceId, epoch }) => [positionKey(deviceId, epoch), { deviceId, epoch }]));
  const known = await findPositions(tx, [...wanted.values()]);
  if (known.size === wanted.size) return known;
  // A hello makes the row; it is missing only for an epoch that none named.
  await tx.query(
    `INSERT INTO outbox_position (device_id, epoch, acked)
     SELECT d, e, 0 FROM unnest($1::uuid[], $2::bigint[]) AS v (d, e) ORDER BY d, e ON CONFLICT DO NOTHING`,
    columnsOf([...wanted.values()]),
  );
  return findPositions(tx, [...wanted.values()]);
}

const columnsOf = (positions: readonly { deviceId: string; epoch: number }[]): [string, string] => [
  plainArray(positions.map(({ deviceId }) => deviceId)),
  plainArray(positions.map(({ epoch }) => epoch)),
];

async function findPositions(
  tx: Transaction,
  wanted: readonly { deviceId: string; epoch: number }[],
): Promise<Map<string, Position>> {
  const { rows } = await tx.query<{ deviceId: string; epoch: string; acked: string }>({
    name: "lock-outbox-positions",
    text: `SELECT p.device_id AS "deviceId", p.epoch, p.acked FROM outbox_position p
             JOIN unnest($1::uuid[], $2::bigint[]) AS v (d, e) ON p.device_id = v.d AND p.epoch = v.e
            ORDER BY p.device_id, p.epoch FOR UPDATE OF p`,
    values: columnsOf(wanted),
  });
  return new Map(
    rows.map(({ deviceId, epoch, acked }) => [
      positionKey(deviceId, Number(epoch)),
      { deviceId, epoch: Number(epoch), acked: Number(acked) },
    ]),
  );
}

/** Picks what is new, moves the positions on, and says what each batch's sender may forget. */
function select(
  positions: Map<string, Position>,
  batches: readonly EventBatch[],
): { fresh: Fresh[]; results: Written[] } {
  const fresh: Fresh[] = [];
  const results = batches.map((batch, index) => {
    const { deviceId, epoch, receivedAt } = batch;
    const position = positions.get(positionKey(deviceId, epoch));
    if (!position) throw new Error(`no outbox position of ${deviceId}`);
    const { events, acked, missing } = continueSequence(position.acked, batch.events);
    position.acked = acked;
    for (const event of events) fresh.push({ batch: index, deviceId, epoch, receivedAt, ...storableEvent(event) });
    const unread = events.filter((event) => event.kind === "unread");
    return { batch, stored: events.length, unread, acked, missing };
  });
  return { fresh, results };
}

/**
 * Stores the events and moves the positions on, in one statement. What all events of a batch share travels once.
 *
 * The positions, locked and moved on in the same transaction, let no event in twice; so nothing looks for it again, which
 * would cost as much as all else that the database does for an event.
 * @param passOver leaves out what is stored already, for when the positions and the events contradict each other
 */
async function insert(
  tx: Transaction,
  batches: readonly EventBatch[],
  fresh: readonly Fresh[],
  positions: Map<string, Position>,
  passOver: boolean,
): Promise<void> {
  const column = (value: (event: Fresh) => string | number) => plainArray(fresh.map(value));
  const moved = [...positions.values()];
  await tx.query({
    name: passOver ? "insert-missing-module-events" : "insert-module-events",
    text: `WITH advanced AS (
             UPDATE outbox_position p SET acked = v.acked
               FROM unnest($9::uuid[], $10::bigint[], $11::bigint[]) AS v (device_id, epoch, acked)
              WHERE p.device_id = v.device_id AND p.epoch = v.epoch AND p.acked < v.acked
           )
           INSERT INTO module_event (device_id, epoch, seq, at, received_at, kind, fields)
           SELECT ($1::uuid[])[batch], ($2::bigint[])[batch], seq, to_timestamp(at_ms / 1000), ($3::timestamptz[])[batch],
                  kind, fields::jsonb
             FROM ROWS FROM (unnest($4::int[]), unnest($5::bigint[]), unnest($6::float8[]), unnest($7::text[]),
                             string_to_table($8, E'\\n')) AS v (batch, seq, at_ms, kind, fields)
           ${passOver ? "ON CONFLICT DO NOTHING" : ""}`,
    values: [
      ...columnsOf(batches),
      plainArray(batches.map(({ receivedAt }) => receivedAt.toISOString())),
      column(({ batch }) => batch + 1),
      column(({ event }) => event.seq),
      column(({ event }) => event.at),
      column(({ event }) => event.kind),
      jsonLines(fresh.map(({ fields }) => fields)),
      ...columnsOf(moved),
      plainArray(moved.map(({ acked }) => acked)),
    ],
  });
}
