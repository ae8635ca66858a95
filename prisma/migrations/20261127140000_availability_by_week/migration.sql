-- Availability a row a device and week instead of one a day: a question about days of the whole fleet reads a few rows of each
-- device. Weeks begin on Thursdays, as 1970 did. What lasted when a day began is counted, too, so that of a day that a range
-- cuts only the changes on the shorter side of the cut are looked at: 8 bits a day, as many intervals may claim it.
CREATE TABLE availability_week (
  device_id        uuid NOT NULL,
  week             date NOT NULL,
  connected_0      integer NOT NULL DEFAULT 0,
  connected_1      integer NOT NULL DEFAULT 0,
  connected_2      integer NOT NULL DEFAULT 0,
  connected_3      integer NOT NULL DEFAULT 0,
  connected_4      integer NOT NULL DEFAULT 0,
  connected_5      integer NOT NULL DEFAULT 0,
  connected_6      integer NOT NULL DEFAULT 0,
  known_0          integer NOT NULL DEFAULT 0,
  known_1          integer NOT NULL DEFAULT 0,
  known_2          integer NOT NULL DEFAULT 0,
  known_3          integer NOT NULL DEFAULT 0,
  known_4          integer NOT NULL DEFAULT 0,
  known_5          integer NOT NULL DEFAULT 0,
  known_6          integer NOT NULL DEFAULT 0,
  connected_begins bigint NOT NULL DEFAULT 0,
  known_begins     bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (device_id, week)
) WITH (fillfactor = 70);

-- Days from what was kept by day, begins from the intervals, which are kept as long
INSERT INTO availability_week
SELECT device_id, date '1970-01-01' + day / 7 * 7,
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 0), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 1), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 2), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 3), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 4), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 5), 0),
       coalesce(sum(connected_ms) FILTER (WHERE day % 7 = 6), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 0), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 1), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 2), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 3), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 4), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 5), 0),
       coalesce(sum(known_ms) FILTER (WHERE day % 7 = 6), 0),
       sum(connected_begins << (day % 7 * 8)), sum(known_begins << (day % 7 * 8))
  FROM (
    SELECT device_id, day - date '1970-01-01' AS day, connected_ms, known_ms, 0::bigint AS connected_begins, 0::bigint AS known_begins
      FROM availability_day
    UNION ALL
    SELECT i.device_id, (extract(epoch FROM d.day) / 86400)::int, 0, 0, (i.state = 'connected')::int::bigint, 1
      FROM connection_interval i
     CROSS JOIN LATERAL generate_series(date_trunc('day', i.began + interval '24 hours' - interval '1 millisecond', 'UTC'),
                                        i.ended - interval '1 millisecond', interval '24 hours') AS d (day)
     WHERE i.state <> 'unknown'
  ) AS parts GROUP BY 1, 2;
CREATE INDEX availability_week_week_idx ON availability_week (week);
DROP TABLE availability_day;

ALTER TABLE availability_week ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_device ON availability_week TO mn316_fleet_tenant
  USING ((SELECT is_sole_fleet()) OR EXISTS (SELECT FROM device_fleet f WHERE f.device_id = availability_week.device_id))
  WITH CHECK (EXISTS (SELECT FROM device_fleet f WHERE f.device_id = availability_week.device_id));
GRANT SELECT ON availability_week TO mn316_fleet_tenant;

-- The same by day, under the policy of who asks
CREATE VIEW availability_day WITH (security_invoker = true) AS
SELECT w.device_id, w.week, w.week + d.index AS day, d.connected_ms, d.known_ms, d.connected_begins, d.known_begins
  FROM availability_week w
 CROSS JOIN LATERAL (VALUES
   (0, w.connected_0, w.known_0, w.connected_begins >> 0 & 255, w.known_begins >> 0 & 255),
   (1, w.connected_1, w.known_1, w.connected_begins >> 8 & 255, w.known_begins >> 8 & 255),
   (2, w.connected_2, w.known_2, w.connected_begins >> 16 & 255, w.known_begins >> 16 & 255),
   (3, w.connected_3, w.known_3, w.connected_begins >> 24 & 255, w.known_begins >> 24 & 255),
   (4, w.connected_4, w.known_4, w.connected_begins >> 32 & 255, w.known_begins >> 32 & 255),
   (5, w.connected_5, w.known_5, w.connected_begins >> 40 & 255, w.known_begins >> 40 & 255),
   (6, w.connected_6, w.known_6, w.connected_begins >> 48 & 255, w.known_begins >> 48 & 255)
 ) AS d (index, connected_ms, known_ms, connected_begins, known_begins)
 WHERE d.known_ms <> 0 OR d.connected_ms <> 0 OR d.known_begins <> 0 OR d.connected_begins <> 0;
GRANT SELECT ON availability_day TO mn316_fleet_tenant;
