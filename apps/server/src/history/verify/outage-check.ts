import { isDeepStrictEqual } from "node:util";
import type { Transaction } from "../../platform/database/database";
import { latencyBucket } from "../latency-buckets";
import {
  type EndedOutage,
  follow,
  type OutageProgress,
  type StateChange,
  type Surroundings,
} from "../rollups/outage-machine";
import type { Standing } from "../rollups/tally";
import type { Days, Difference } from "./differences";

const HOUR_MS = 3_600_000;
const HOURS_A_DAY = 24;
const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

type Told = StateChange & Surroundings & { deviceId: string };

/** What the database holds of devices, as of one moment. */
interface Holdings {
  changes: Told[];
  /** Devices whose very first event is still there. */
  whole: Set<string>;
  outages: (EndedOutage & { deviceId: string })[];
  connects: { deviceId: string; hour: number; bucket: number; count: number }[];
}

/** What one device's outages, attempts to connect and standing must be, as far as raw events tell. */
interface Followed {
  outages: EndedOutage[];
  /** Counts by hour and bucket. */
  connects: Map<string, number>;
  progress: OutageProgress | undefined;
  /** Only what comes after this event can be told. */
  after: { epoch: number; seq: number };
  /** The first hour since 1970 of which all attempts can be told. */
  fromHour: number;
}

/** What of one device is not as it must be. */
export interface OutageCheck {
  deviceId: string;
  /** Outages that must not be, or not so. */
  wrong: EndedOutage[];
  /** Those that are missing, or must be instead. */
  right: EndedOutage[];
  connects: Difference[];
  /** Where the device must stand, if it is noted to stand elsewhere. */
  progress: OutageProgress | undefined;
}

/**
 * Follows devices through the raw events that are still there, and compares. Of a device whose first events are gone, all
 * counts from the first one on that says that it is or was connected: before that, nobody can tell where it stood.
 * @param tx must see one moment: REPEATABLE READ, or with the devices' standings locked
 */
export async function checkOutages(
  tx: Transaction,
  days: Days,
  standings: ReadonlyMap<string, Standing>,
): Promise<OutageCheck[]> {
  const deviceIds = [...standings.keys()];
  const holdings = await readHoldings(tx, days, deviceIds);
  const changesOf = byDevice(holdings.changes);
  const outagesOf = byDevice(holdings.outages);
  const connectsOf = byDevice(holdings.connects);
  return [...changesOf].map(([deviceId, changes]) => {
    const isWhole = holdings.whole.has(deviceId);
    const followed = followAll(changes, isWhole, days);
    const stored = outagesOf.get(deviceId) ?? [];
    const told = new Set(changes.filter((change) => isAfter(change, followed.after)).map(keyOf));
    const kept = new Map(stored.filter((outage) => told.has(keyOf(outage))).map((outage) => [keyOf(outage), outage]));
    const expected = new Map(
      followed.outages.map((outage) => [keyOf(outage), isWhole ? outage : placedAs(outage, kept.get(keyOf(outage)))]),
    );
    const isRight = (outage: EndedOutage) =>
      isDeepStrictEqual(expected.get(keyOf(outage)), withoutDevice(kept.get(keyOf(outage))));
    return {
      deviceId,
      wrong: [...kept.values()].filter((outage) => !isRight(outage)),
      right: [...expected.values()].filter((outage) => !isRight(outage)),
      connects: connectDifferences(deviceId, followed, connectsOf.get(deviceId) ?? []),
      progress: astray(followed.progress, standings.get(deviceId)?.progress, isWhole),
    };
  });
}

/** Where a device must stand, unless it does. */
function astray(
  expected: OutageProgress | undefined,
  stored: OutageProgress | undefined,
  isWhole: boolean,
): OutageProgress | undefined {
  if (!expected) return undefined;
  const outage = expected.outage && !isWhole ? placedAs(expected.outage, stored?.outage) : expected.outage;
  return isDeepStrictEqual({ ...expected, outage }, stored) ? undefined : { ...expected, outage };
}

/** An outage with the cell and the configuration that are stored, where the events that told of these are gone. */
function placedAs<T extends Surroundings>(outage: T, stored: Surroundings | undefined): T {
  return {
    ...outage,
    cell: outage.cell ?? stored?.cell ?? null,
    configVersion: newest(outage.configVersion, stored?.configVersion ?? null),
  };
}

const newest = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.max(a, b));

function withoutDevice(stored: (EndedOutage & { deviceId: string }) | undefined): EndedOutage | undefined {
  if (!stored) return undefined;
  const { deviceId: _, ...outage } = stored;
  return outage;
}

function followAll(changes: readonly Told[], isWhole: boolean, days: Days): Followed {
  const followed: Followed = {
    outages: [],
    connects: new Map(),
    progress: undefined,
    after: { epoch: -1, seq: -1 },
    fromHour: days.from * HOURS_A_DAY,
  };
  let progress: OutageProgress | undefined;
  let isTold = isWhole;
  for (const change of changes) {
    const hour = Math.floor(change.at / HOUR_MS);
    const step = follow(progress, change, change);
    if (!step) continue;
    progress = step.progress;
    if (!isTold) {
      followed.after = change;
      followed.fromHour = Math.max(followed.fromHour, hour + 1);
      isTold = change.from === "connected" || change.to === "connected";
      continue;
    }
    if (step.ended) followed.outages.push(step.ended);
    if (step.connectMs === undefined || hour >= days.to * HOURS_A_DAY) continue;
    const key = `${hour}/${latencyBucket(step.connectMs)}`;
    followed.connects.set(key, (followed.connects.get(key) ?? 0) + 1);
  }
  if (isTold) followed.progress = progress;
  return followed;
}

function connectDifferences(
  deviceId: string,
  { connects, fromHour }: Followed,
  stored: Holdings["connects"],
): Difference[] {
  const kept = new Map(stored.map(({ hour, bucket, count }) => [`${hour}/${bucket}`, count]));
  return [...new Set([...connects.keys(), ...kept.keys()])].flatMap((key) => {
    const [expected, found] = [connects.get(key) ?? 0, kept.get(key) ?? 0];
    const [hour = "", bucket = ""] = key.split("/");
    if (expected === found || Number(hour) < fromHour) return [];
    return [{ keys: [deviceId, hour, bucket], expected: [expected], stored: [found] }];
  });
}

const keyOf = ({ epoch, seq }: { epoch: number; seq: number }) => `${epoch}/${seq}`;

const isAfter = (change: StateChange, { epoch, seq }: Followed["after"]) =>
  change.epoch > epoch || (change.epoch === epoch && change.seq > seq);

function byDevice<T extends { deviceId: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.deviceId);
    if (group) group.push(row);
    else groups.set(row.deviceId, [row]);
  }
  return groups;
}

async function readHoldings(tx: Transaction, { from, to }: Days, deviceIds: readonly string[]): Promise<Holdings> {
  const changes = await tx.query<Told>(
    `WITH told AS (
       SELECT device_id, epoch, seq, kind, at, fields, count(*) FILTER (WHERE kind = 'signal') OVER w AS located,
              max((fields->>'version')::int) FILTER (WHERE kind = 'config') OVER w AS config_version
         FROM module_event
        WHERE device_id = ANY ($1::uuid[])
          AND (kind = 'state' OR (kind = 'signal' AND fields ? 'cell') OR (kind = 'config' AND fields->>'status' = 'applied'))
       WINDOW w AS (PARTITION BY device_id ORDER BY epoch, seq)
     ), placed AS (
       SELECT *, first_value(fields->>'cell') OVER (PARTITION BY device_id, located ORDER BY epoch, seq) AS cell FROM told
     )
     SELECT device_id AS "deviceId", epoch::float8 AS epoch, seq::float8 AS seq, ${MS("at")} AS at,
            (fields->>'since')::float8 AS since, fields->>'from' AS from, fields->>'to' AS to, fields->>'cause' AS cause, cell,
            config_version AS "configVersion"
       FROM placed WHERE kind = 'state' ORDER BY device_id, epoch, seq`,
    [deviceIds],
  );
  const whole = await tx.query<{ deviceId: string }>(
    `SELECT d.id AS "deviceId"
       FROM unnest($1::uuid[]) AS d (id),
            LATERAL (SELECT epoch, seq FROM module_event WHERE device_id = d.id ORDER BY epoch, seq LIMIT 1) AS first
      WHERE first.seq = 1 AND first.epoch = (SELECT min(epoch) FROM outbox_position WHERE device_id = d.id)`,
    [deviceIds],
  );
  const outages = await tx.query<Holdings["outages"][number]>(
    `SELECT device_id AS "deviceId", epoch::float8 AS epoch, seq::float8 AS seq, ${MS("began")} AS began, ${MS("ended")} AS ended,
            unknown_ms::float8 AS "unknownMs", cause, cell, config_version AS "configVersion"
       FROM outage WHERE device_id = ANY ($1::uuid[])`,
    [deviceIds],
  );
  const connects = await tx.query<Holdings["connects"][number]>(
    `SELECT device_id AS "deviceId", (extract(epoch FROM hour) / 3600)::int AS hour, bucket, count FROM connect_hour
      WHERE device_id = ANY ($1::uuid[]) AND hour >= to_timestamp($2::int * 86400::float8)
        AND hour < to_timestamp($3::int * 86400::float8)`,
    [deviceIds, from, to],
  );
  return {
    changes: changes.rows,
    whole: new Set(whole.rows.map(({ deviceId }) => deviceId)),
    outages: outages.rows,
    connects: connects.rows,
  };
}
