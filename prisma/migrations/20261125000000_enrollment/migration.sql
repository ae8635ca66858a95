-- What agents that have no token yet prove themselves with; only a hash is kept
CREATE TABLE enrollment_key (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name         text NOT NULL,
  hash         bytea NOT NULL UNIQUE,
  max_uses     integer,
  uses         integer NOT NULL DEFAULT 0,
  expires_at   timestamptz(3),
  imei_pattern text,
  created_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  created_by   text NOT NULL,
  last_used_at timestamptz(3)
);

-- Which key made a device
CREATE TABLE enrollment (
  device_id   uuid PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  key_id      uuid REFERENCES enrollment_key (id) ON DELETE SET NULL,
  enrolled_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX enrollment_key_id_idx ON enrollment (key_id);
