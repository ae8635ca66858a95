-- What was to be done on one device, the newest first
CREATE INDEX execution_device_id_position_idx ON execution (device_id, position);
