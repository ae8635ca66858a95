-- The sums of each fleet
ALTER TABLE fleet_hour DROP CONSTRAINT fleet_hour_pkey, ADD PRIMARY KEY (fleet_id, metric, hour, key, slot),
  ALTER COLUMN fleet_id DROP DEFAULT;

-- What callers know a fleet by
ALTER TABLE fleet ADD COLUMN public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid();
