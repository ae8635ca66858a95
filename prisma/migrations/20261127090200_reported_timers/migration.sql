-- The timers that agents reported, where they are what they can be: advice compares those of all devices
ALTER TABLE device_config
  ADD COLUMN keep_alive_s integer GENERATED ALWAYS AS (
    (jsonb_path_query_first(reported, '$.mqtt.keepAliveS ? (@.type() == "number" && @ >= 1 && @ <= 65535)'))::integer) STORED,
  ADD COLUMN ack_timeout_s integer GENERATED ALWAYS AS (
    (jsonb_path_query_first(reported, '$.mqtt.ackTimeoutS ? (@.type() == "number" && @ >= 1 && @ <= 65535)'))::integer) STORED;
