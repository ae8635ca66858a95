-- The modules' MQTT passwords, encrypted (AES-256-GCM: nonce, ciphertext, tag) and bound to the device or profile that each
-- was written for. What uses a password refers to it, so that a rotation of keys has one place to work on.
CREATE TABLE mqtt_password (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_id   uuid NOT NULL,
  sealed     bytea NOT NULL,
  key_id     text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX mqtt_password_key_id_idx ON mqtt_password (key_id);

CREATE TABLE profile (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name        text NOT NULL UNIQUE,
  description text NOT NULL,
  selector    jsonb NOT NULL,
  priority    integer NOT NULL,
  template    jsonb NOT NULL,
  password_id uuid REFERENCES mqtt_password (id),
  version     integer NOT NULL DEFAULT 1,
  created_at  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_by  text NOT NULL
);
CREATE INDEX profile_password_id_idx ON profile (password_id);

-- What was written for the device itself becomes its own settings; `desired` is what they and the profiles resolve to
ALTER TABLE device_config
  ADD COLUMN own             jsonb,
  ADD COLUMN own_password_id uuid REFERENCES mqtt_password (id),
  ADD COLUMN password_id     uuid REFERENCES mqtt_password (id),
  -- The IMEI that the document was filled in with, where it asks for one
  ADD COLUMN filled_imei     text,
  -- Why profiles and own settings make no valid document; `desired` is the last valid one then
  ADD COLUMN problems        jsonb,
  -- The module holds something else than it confirmed
  ADD COLUMN is_drifted      boolean NOT NULL DEFAULT false,
  -- When the agent was last told of a version that it has not answered yet
  ADD COLUMN told_at         timestamptz(3),
  -- As callers see it: `status` alone is what the agent said of `version`
  ADD COLUMN shown_status    text GENERATED ALWAYS AS (
    CASE WHEN problems IS NOT NULL THEN 'rejected' WHEN is_drifted AND status = 'applied' THEN 'drifted' ELSE status END
  ) STORED;

INSERT INTO mqtt_password (owner_id, sealed, key_id)
SELECT device_id, password, password_key_id FROM device_config WHERE password IS NOT NULL AND password_key_id IS NOT NULL;
UPDATE device_config c
   SET own = desired, password_id = p.id, own_password_id = p.id,
       filled_imei = CASE WHEN desired::text LIKE '%{imei}%' THEN d.imei END
  FROM device d LEFT JOIN mqtt_password p ON p.owner_id = d.id
 WHERE d.id = c.device_id;
ALTER TABLE device_config DROP COLUMN password, DROP COLUMN password_key_id;

CREATE INDEX device_config_shown_status_idx ON device_config (shown_status);
CREATE INDEX device_config_password_id_idx ON device_config (password_id);
CREATE INDEX device_config_own_password_id_idx ON device_config (own_password_id);
-- Agents that may not have heard of what is desired
CREATE INDEX device_config_pending_idx ON device_config (told_at) WHERE status = 'pending';

-- Every version of every device, the newest ones of each
CREATE TABLE config_version (
  device_id      uuid NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  version        integer NOT NULL,
  at             timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  author         text NOT NULL,
  source         text NOT NULL,
  source_id      uuid,
  source_name    text,
  source_version integer,
  document       jsonb,
  password_id    uuid REFERENCES mqtt_password (id),
  changes        jsonb NOT NULL,
  PRIMARY KEY (device_id, version)
);
CREATE INDEX config_version_password_id_idx ON config_version (password_id) WHERE password_id IS NOT NULL;
INSERT INTO config_version (device_id, version, at, author, source, document, password_id, changes)
SELECT device_id, version, updated_at, 'fleet', 'device', desired, password_id, '[]' FROM device_config WHERE version > 0;

-- Devices whose configuration has to be resolved again, and why. Written by whatever changes something, in its own
-- transaction; a worker takes the rows away together with what it resolved.
CREATE TABLE config_unresolved (
  device_id   uuid PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
  at          timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  author      text NOT NULL DEFAULT 'fleet',
  source      text NOT NULL DEFAULT 'register',
  source_id   uuid,
  source_name text
);

CREATE FUNCTION device_config_is_unresolved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'device' THEN
    INSERT INTO config_unresolved (device_id) VALUES (NEW.id) ON CONFLICT (device_id) DO UPDATE SET at = now();
  ELSE
    INSERT INTO config_unresolved (device_id) VALUES (NEW.device_id) ON CONFLICT (device_id) DO UPDATE SET at = now();
  END IF;
  RETURN NULL;
END $$;
-- All that a profile's selector or a placeholder can ask for
CREATE TRIGGER device_config_is_unresolved AFTER INSERT OR UPDATE OF name, imei, tags ON device
  FOR EACH ROW EXECUTE FUNCTION device_config_is_unresolved();
CREATE TRIGGER device_config_is_unresolved AFTER UPDATE OF module ON device_state
  FOR EACH ROW WHEN (OLD.module ->> 'firmware' IS DISTINCT FROM NEW.module ->> 'firmware')
  EXECUTE FUNCTION device_config_is_unresolved();
