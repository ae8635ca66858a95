-- Search by a part of a name or an IMEI. Where this user may not create extensions, or the server has none, a search reads all
-- devices; docs/operations.md says how to add this later.
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX device_name_trgm_idx ON device USING gin (name gin_trgm_ops);
  CREATE INDEX device_imei_trgm_idx ON device USING gin (imei gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
  RAISE NOTICE 'pg_trgm is not there: a search by a part of a name reads all devices';
END $$;
