-- What happened, by hour and device. Values only ever grow by what a new event brings (ADR 8).
CREATE TABLE disconnect_hour (
  device_id uuid NOT NULL,
  hour      timestamptz(0) NOT NULL,
  cause     text NOT NULL,
  count     integer NOT NULL,
  PRIMARY KEY (device_id, hour, cause)
) WITH (fillfactor = 70);
CREATE INDEX disconnect_hour_hour_idx ON disconnect_hour (hour);

-- `bucket` is one of the fixed logarithmic latency buckets, so that histograms add up
CREATE TABLE connect_hour (
  device_id uuid NOT NULL,
  hour      timestamptz(0) NOT NULL,
  bucket    smallint NOT NULL,
  count     integer NOT NULL,
  PRIMARY KEY (device_id, hour, bucket)
) WITH (fillfactor = 70);
CREATE INDEX connect_hour_hour_idx ON connect_hour (hour);

CREATE TABLE reconnect_hour (
  device_id uuid NOT NULL,
  hour      timestamptz(0) NOT NULL,
  attempts  integer NOT NULL,
  PRIMARY KEY (device_id, hour)
) WITH (fillfactor = 70);
CREATE INDEX reconnect_hour_hour_idx ON reconnect_hour (hour);

CREATE TABLE signal_hour (
  device_id uuid NOT NULL,
  hour      timestamptz(0) NOT NULL,
  samples   integer NOT NULL,
  sum_dbm   bigint NOT NULL,
  min_dbm   smallint NOT NULL,
  max_dbm   smallint NOT NULL,
  PRIMARY KEY (device_id, hour)
) WITH (fillfactor = 70);
CREATE INDEX signal_hour_hour_idx ON signal_hour (hour);

-- Days of UTC, for questions about many devices and many days
CREATE TABLE availability_day (
  device_id    uuid NOT NULL,
  day          date NOT NULL,
  connected_ms integer NOT NULL,
  known_ms     integer NOT NULL,
  PRIMARY KEY (device_id, day)
) WITH (fillfactor = 70);
CREATE INDEX availability_day_day_idx ON availability_day (day);

-- The whole fleet by hour, tall, so that one statement a batch writes all of it. Writers add to slots of their own and so
-- do not wait for each other; the value of an hour is the sum over its slots.
CREATE TABLE fleet_hour (
  hour   timestamptz(0) NOT NULL,
  metric text NOT NULL,
  key    text NOT NULL,
  slot   smallint NOT NULL,
  value  bigint NOT NULL,
  PRIMARY KEY (metric, hour, key, slot)
) WITH (fillfactor = 50);

-- From the moment a module that was connected is known not to be, until it is connected again
CREATE TABLE outage (
  device_id      uuid NOT NULL,
  -- The state event that ended it
  epoch          bigint NOT NULL,
  seq            bigint NOT NULL,
  began          timestamptz(3) NOT NULL,
  ended          timestamptz(3) NOT NULL,
  -- How much of it no agent was there to see
  unknown_ms     bigint NOT NULL DEFAULT 0,
  cause          text NOT NULL,
  cell           text,
  config_version integer,
  PRIMARY KEY (device_id, epoch, seq)
);
CREATE INDEX outage_device_id_began_idx ON outage (device_id, began);
CREATE INDEX outage_began_idx ON outage (began);

-- Where each device stands between two outages: what the next state event is read with. Events of a device come in order
-- (ADR 5), so this is exact.
CREATE TABLE outage_progress (
  device_id        uuid PRIMARY KEY,
  epoch            bigint NOT NULL,
  seq              bigint NOT NULL,
  -- The newest state
  state            text NOT NULL,
  -- The newest state but `unknown`; `unknown` where there was no other yet
  known_state      text NOT NULL,
  -- Of the outage that goes on: null where there is none
  began            timestamptz(3),
  unknown_ms       bigint NOT NULL DEFAULT 0,
  cause            text,
  cell             text,
  config_version   integer,
  -- When the attempt to connect that goes on began
  connecting_since timestamptz(3)
) WITH (fillfactor = 70);

-- The cell that the module reported last
ALTER TABLE device_state ADD COLUMN cell text;
CREATE INDEX device_state_cell_idx ON device_state (cell);

-- What is past its retention is found by time; rows lie about in that order, so a few pages of index do
CREATE INDEX connection_interval_ended_idx ON connection_interval USING brin (ended);
CREATE INDEX link_session_began_idx ON link_session USING brin (began);
