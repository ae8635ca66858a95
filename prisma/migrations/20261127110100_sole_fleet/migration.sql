-- Whether all devices, of which anything is kept, belong to the fleet of this connection: two steps in the index
CREATE FUNCTION is_sole_fleet() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS
  $$ SELECT coalesce(min(fleet_id) = current_fleet() AND max(fleet_id) = current_fleet(), false) FROM device_fleet $$;

-- Where there is no other fleet, no row needs to be asked whose it is: looking up a device for each took two thirds of a question
-- about many of them. Asked once a statement, and of the moment that the statement sees.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['device_state', 'device_config', 'config_version', 'link_session', 'outbox_position', 'module_event',
                              'connection_interval', 'outage', 'outage_progress', 'timeout_hour', 'disconnect_hour', 'connect_hour',
                              'reconnect_hour', 'signal_hour', 'availability_day'] LOOP
    EXECUTE format('ALTER POLICY of_device ON %1$I
                      USING ((SELECT is_sole_fleet()) OR EXISTS (SELECT FROM device_fleet f WHERE f.device_id = %1$I.device_id))
                      WITH CHECK (EXISTS (SELECT FROM device_fleet f WHERE f.device_id = %1$I.device_id))', name);
  END LOOP;
END $$;

-- The fleet of a connection is looked up once a statement, not once a row
ALTER POLICY of_fleet ON device USING (fleet_id = (SELECT current_fleet()));
ALTER POLICY of_fleet ON device_fleet USING (fleet_id = (SELECT current_fleet()));
ALTER POLICY of_fleet ON fleet_hour USING (fleet_id = (SELECT current_fleet()));
CREATE OR REPLACE VIEW fleet_device AS SELECT * FROM device WHERE fleet_id = (SELECT current_fleet());
