-- Certificates that devices are bound to: one of them has to be shown beside the token, even when all are over
CREATE TABLE device_certificate (
  device_id  uuid NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
  bound_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- Another one took its place, and it works until then
  expires_at timestamptz(3),
  PRIMARY KEY (device_id, sha256)
);
