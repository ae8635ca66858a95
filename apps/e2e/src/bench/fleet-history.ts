import { randomUUID } from "node:crypto";
import { Pool } from "pg";

/** Each device tells so many events in `DAYS` days: ten rounds of a quiet stretch with one outage in it. */
export const EVENTS_A_DEVICE = 200;
export const DAYS = 30;
const ROUNDS = 10;
const ROUND_S = (DAYS * 86_400) / ROUNDS;
const CELLS = 500;
/** Devices that one statement writes: what a transaction holds stays bounded. */
const CHUNK = 2_000;

/**
 * The history of a fleet, made in the database itself. Rollups are made of the raw events by statements over all of them, and
 * come to what the server's projectors make of them one after the other.
 */
export class FleetHistory {
  private readonly pool: Pool;

  /** @param end of the history, to the second; what goes on then still does */
  constructor(
    url: string,
    private readonly end: Date,
  ) {
    this.pool = new Pool({ connectionString: url, max: 2 });
  }

  /** @param devices how many; one in a hundred of them has the tag `hundredth` */
  async fill(devices: number): Promise<void> {
    await this.partitions();
    for (let first = 0; first < devices; first += CHUNK) await this.devices(first, Math.min(devices, first + CHUNK));
    for (const statement of ROLLUPS) await this.pool.query(statement);
    await this.pool.query("VACUUM ANALYZE");
  }

  /** The time that a statement takes, as a client sees it. */
  async timeMs(sql: string, values: unknown[]): Promise<number> {
    const began = performance.now();
    await this.pool.query(sql, values);
    return performance.now() - began;
  }

  async oneDevice(): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>("SELECT id FROM device ORDER BY name LIMIT 1");
    return rows[0]!.id;
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /** A partition a day, as the server makes them around the present day. */
  private async partitions(): Promise<void> {
    for (let day = DAYS + 1; day > 3; day--) {
      const from = new Date(Math.floor(this.end.getTime() / 86_400_000 - day) * 86_400_000);
      const name = `module_event_${from.toISOString().slice(0, 10).replaceAll("-", "")}`;
      const until = new Date(from.getTime() + 86_400_000);
      await this.pool.query(
        `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF module_event
           FOR VALUES FROM ('${from.toISOString()}') TO ('${until.toISOString()}')`,
      );
    }
  }

  private async devices(first: number, end: number): Promise<void> {
    const ids = Array.from({ length: end - first }, () => randomUUID());
    const numbers = ids.map((_, index) => first + index);
    await this.pool.query(
      `WITH new AS (SELECT * FROM unnest($1::uuid[], $2::int[]) AS v (id, n)),
       added AS (
         INSERT INTO device (id, name, tags, created_at)
         SELECT id, 'device ' || lpad(n::text, 7, '0'),
                CASE WHEN n % 100 = 0 THEN '{hundredth}'::text[] ELSE '{}' END, $3::timestamptz - interval '${DAYS} days'
           FROM new
       )
       INSERT INTO device_config (device_id, reported_version, reported, status)
       SELECT id, 0, '{"mqtt": {"keepAliveS": 60, "ackTimeoutS": 10}}', 'none' FROM new`,
      [ids, numbers, this.end],
    );
    await this.pool.query(EVENTS, [ids, numbers, this.end]);
    await this.pool.query(
      `INSERT INTO device_state (device_id, online, module, module_state, module_since, state_epoch, state_seq, cell)
       SELECT v.id, true, '{"firmware": "1.0"}', 'connected', e.at, 1, e.seq, 'cell-' || (v.n % ${CELLS})
         FROM unnest($1::uuid[], $2::int[]) AS v (id, n)
        CROSS JOIN LATERAL (
          SELECT at, seq FROM module_event WHERE device_id = v.id AND kind = 'state' ORDER BY seq DESC LIMIT 1
        ) AS e`,
      [ids, numbers],
    );
  }
}

/** Of a round's 20 events: the last ones are an outage of some minutes, three losses before it. */
const EVENTS = `
  INSERT INTO module_event (device_id, epoch, seq, at, received_at, kind, fields)
  SELECT id, 1, seq, at, at, kind, fields FROM (
    SELECT v.id, r * 20 + s AS seq,
           $3::timestamptz - interval '${DAYS} days' + make_interval(secs => r * ${ROUND_S} + p.phase * 0.2 + CASE
             WHEN s <= 13 THEN s * ${ROUND_S} * 0.05 ELSE ${ROUND_S} * 0.7 + CASE s
               WHEN 14 THEN 0 WHEN 15 THEN 60 WHEN 16 THEN 120 WHEN 17 THEN 120 WHEN 18 THEN 180
               WHEN 19 THEN 180 + p.away ELSE 180 + p.away + p.connect END END) AS at,
           CASE WHEN s <= 4 THEN 'signal' WHEN s <= 8 THEN 'publish-ack' WHEN s <= 13 THEN 'ping'
                WHEN s <= 16 THEN 'timeout' ELSE 'state' END AS kind,
           CASE WHEN s <= 4 THEN jsonb_build_object('rssi', 5 + (v.n * 7 + r + s) % 26, 'ber', 0, 'cell', 'cell-' || (v.n % ${CELLS}))
                WHEN s <= 8 THEN jsonb_build_object('packId', s, 'dup', 0)
                WHEN s <= 13 THEN '{}'
                WHEN s <= 16 THEN '{"type": 5}'
                ELSE jsonb_build_object('cause', CASE s WHEN 20 THEN 'requested' WHEN 19 THEN 'requested' ELSE 'heartbeat-lost' END,
                  'from', (ARRAY['connected', 'reconnecting', 'disconnected', 'tcp-connecting'])[s - 16],
                  'to', (ARRAY['reconnecting', 'disconnected', 'tcp-connecting', 'connected'])[s - 16],
                  'since', (extract(epoch FROM $3::timestamptz - interval '${DAYS} days' + make_interval(secs => CASE s
                    WHEN 17 THEN CASE r WHEN 0 THEN 0 ELSE (r - 1) * ${ROUND_S} + p.phase * 0.2 + ${ROUND_S} * 0.7 + 180
                      + b.away + b.connect END
                    ELSE r * ${ROUND_S} + p.phase * 0.2 + ${ROUND_S} * 0.7 + CASE s WHEN 18 THEN 120 WHEN 19 THEN 180
                      ELSE 180 + p.away END END)) * 1000)::bigint) END AS fields
      FROM unnest($1::uuid[], $2::int[]) AS v (id, n)
     CROSS JOIN generate_series(0, ${ROUNDS - 1}) AS r CROSS JOIN generate_series(1, 20) AS s
     CROSS JOIN LATERAL (SELECT (v.n * 7919) % ${ROUND_S} AS phase, 30 + (v.n * 31 + r * 17) % 1800 AS away,
                                1 + (v.n * 13 + r) % 20 AS connect) AS p
     CROSS JOIN LATERAL (SELECT 30 + (v.n * 31 + (r - 1) * 17) % 1800 AS away, 1 + (v.n * 13 + r - 1) % 20 AS connect) AS b
  ) AS e`;

const HOUR = "interval '1 hour'";
const fleet = (metric: string, key: string, value: string, table: string) =>
  `INSERT INTO fleet_hour (metric, hour, key, slot, value)
   SELECT '${metric}', hour, ${key}, 0, ${value} FROM ${table} GROUP BY 2, 3`;

const ROLLUPS = [
  `INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
   SELECT device_id, epoch, seq, fields ->> 'from', to_timestamp((fields ->> 'since')::float8 / 1000), at, fields ->> 'cause'
     FROM module_event WHERE kind = 'state' ORDER BY at`,
  `INSERT INTO state_hour (device_id, hour, state, ms)
   SELECT device_id, hour, state, sum(extract(epoch FROM least(ended, hour + ${HOUR}) - greatest(began, hour)) * 1000)::bigint
     FROM connection_interval, generate_series(date_trunc('hour', began, 'UTC'), ended, ${HOUR}) AS hour
    WHERE greatest(began, hour) < least(ended, hour + ${HOUR}) GROUP BY 1, 2, 3`,
  `INSERT INTO availability_day (device_id, day, connected_ms, known_ms)
   SELECT device_id, (day AT TIME ZONE 'UTC')::date, coalesce(sum(ms) FILTER (WHERE state = 'connected'), 0), sum(ms)
     FROM connection_interval, generate_series(date_trunc('day', began, 'UTC'), ended, interval '1 day') AS day,
          LATERAL (SELECT (extract(epoch FROM least(ended, day + interval '1 day') - greatest(began, day)) * 1000)::bigint) AS t (ms)
    WHERE ms > 0 GROUP BY 1, 2`,
  `INSERT INTO timeout_hour (device_id, hour, ping)
   SELECT device_id, date_trunc('hour', at, 'UTC'), count(*) FROM module_event WHERE kind = 'timeout' GROUP BY 1, 2`,
  `INSERT INTO disconnect_hour (device_id, hour, cause, count)
   SELECT device_id, date_trunc('hour', at, 'UTC'), fields ->> 'cause', count(*) FROM module_event
    WHERE kind = 'state' AND fields ->> 'from' = 'connected' GROUP BY 1, 2, 3`,
  `INSERT INTO signal_hour (device_id, hour, samples, sum_dbm, min_dbm, max_dbm)
   SELECT device_id, date_trunc('hour', at, 'UTC'), count(*), sum(dbm), min(dbm), max(dbm)
     FROM (SELECT device_id, at, 2 * (fields ->> 'rssi')::int - 113 AS dbm FROM module_event WHERE kind = 'signal') AS s
    GROUP BY 1, 2`,
  // Quarters of a doubling, rounded up, are the server's own scale of durations.
  `INSERT INTO connect_hour (device_id, hour, bucket, count)
   SELECT device_id, date_trunc('hour', ended, 'UTC'), width_bucket((extract(epoch FROM ended - began) * 1000)::bigint, b.bounds) - 1,
          count(*)
     FROM connection_interval,
          (SELECT array_agg(bound ORDER BY bound) AS bounds FROM (
             SELECT 0::bigint AS bound UNION SELECT ceil(2 ^ (step / 4.0))::bigint FROM generate_series(0, 140) AS step
           ) AS s) AS b
    WHERE state = 'tcp-connecting' GROUP BY 1, 2, 3`,
  `INSERT INTO outage (device_id, epoch, seq, began, ended, unknown_ms, cause, cell)
   SELECT i.device_id, 1, i.seq + 3, i.ended, n.ended, 0, 'heartbeat-lost', s.cell
     FROM connection_interval i
     JOIN connection_interval n ON n.device_id = i.device_id AND n.epoch = 1 AND n.seq = i.seq + 3
     JOIN device_state s ON s.device_id = i.device_id WHERE i.state = 'connected'`,
  `INSERT INTO outage_progress (device_id, epoch, seq, state, known_state)
   SELECT device_id, 1, state_seq, 'connected', 'connected' FROM device_state`,
  fleet("state-ms", "state", "sum(ms)", "state_hour"),
  fleet("timeout", "'ping'", "sum(ping)", "timeout_hour"),
  fleet("disconnect", "cause", "sum(count)", "disconnect_hour"),
  fleet("connect", "bucket::text", "sum(count)", "connect_hour"),
  `INSERT INTO fleet_hour (metric, hour, key, slot, value)
   SELECT 'signal', date_trunc('hour', at, 'UTC'), (2 * (fields ->> 'rssi')::int - 113)::text, 0, count(*)
     FROM module_event WHERE kind = 'signal' GROUP BY 2, 3`,
  `INSERT INTO fleet_hour (metric, hour, key, slot, value)
   SELECT 'outage', date_trunc('hour', began, 'UTC'), (width_bucket((extract(epoch FROM ended - began) * 1000)::bigint, b.bounds) - 1)::text,
          0, count(*)
     FROM outage, (SELECT array_agg(bound ORDER BY bound) AS bounds FROM (
             SELECT 0::bigint AS bound UNION SELECT ceil(2 ^ (step / 4.0))::bigint FROM generate_series(0, 140) AS step
           ) AS s) AS b
    GROUP BY 2, 3`,
];
