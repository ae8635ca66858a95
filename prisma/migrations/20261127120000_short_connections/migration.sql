-- Connections that did not last, few among all intervals: advice counts them by device
CREATE INDEX connection_interval_short_idx ON connection_interval (ended, device_id)
  WHERE state = 'connected' AND cause <> 'requested' AND ended - began < interval '5 minutes';
