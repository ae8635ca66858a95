-- What readers of /api/v1/live hear. Written by triggers, so by whatever statement changes something and in its transaction,
-- on any node. `xid` orders: below the oldest transaction that still runs nothing can appear any more, so a reader that stops
-- there misses nothing, however late a transaction with a low `id` commits.
CREATE TABLE live_event (
  xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id        bigint GENERATED ALWAYS AS IDENTITY,
  at        timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  kind      text NOT NULL,
  device_id uuid,
  data      jsonb NOT NULL,
  PRIMARY KEY (xid, id)
);

CREATE FUNCTION live_device_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO live_event (kind, device_id, data)
    SELECT 'device', n.device_id, jsonb_build_object(
             'link', jsonb_build_object('online', n.online), 'module', jsonb_build_object('state', 'unknown', 'cause', n.cause))
      FROM new_rows n;
  ELSE
    INSERT INTO live_event (kind, device_id, data)
    SELECT 'device', n.device_id, jsonb_build_object(
             'link', jsonb_build_object('online', n.online),
             'module', jsonb_build_object('state', CASE WHEN n.online THEN n.module_state ELSE 'unknown' END, 'cause', n.cause))
      FROM new_rows n JOIN old_rows o USING (device_id)
     WHERE n.online <> o.online OR (n.online AND n.module_state <> o.module_state);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER live_device_added AFTER INSERT ON device_state
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_device_state();
CREATE TRIGGER live_device_changed AFTER UPDATE ON device_state
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_device_state();

CREATE FUNCTION live_device_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO live_event (kind, device_id, data) SELECT 'removed', id, '{}' FROM old_rows;
  RETURN NULL;
END $$;
CREATE TRIGGER live_device_removed AFTER DELETE ON device
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION live_device_removed();

CREATE FUNCTION live_device_config() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO live_event (kind, device_id, data)
  SELECT 'config', n.device_id, jsonb_build_object(
           'desiredVersion', n.version, 'reportedVersion', n.reported_version, 'status', n.shown_status)
    FROM new_rows n JOIN old_rows o USING (device_id)
   WHERE (n.version, n.reported_version, n.shown_status) IS DISTINCT FROM (o.version, o.reported_version, o.shown_status);
  RETURN NULL;
END $$;
CREATE TRIGGER live_device_config AFTER UPDATE ON device_config
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_device_config();

-- New executions are told by their job alone: a job may have a hundred thousand
CREATE FUNCTION live_execution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO live_event (kind, device_id, data)
  SELECT 'execution', n.device_id, jsonb_build_object(
           'id', n.id, 'jobId', n.job_id, 'status', n.status, 'attempt', n.attempt)
    FROM new_rows n JOIN old_rows o USING (id) WHERE (n.status, n.attempt) IS DISTINCT FROM (o.status, o.attempt);
  RETURN NULL;
END $$;
CREATE TRIGGER live_execution AFTER UPDATE ON execution
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_execution();

CREATE FUNCTION live_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
    INSERT INTO live_event (kind, data) VALUES ('job', jsonb_build_object('id', NEW.id, 'status', NEW.status));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER live_job AFTER INSERT OR UPDATE ON job FOR EACH ROW EXECUTE FUNCTION live_job();

-- Up to where events were dropped: a reader that stands before it has missed some
CREATE TABLE live_trimmed (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  xid     xid8 NOT NULL,
  id      bigint NOT NULL
);
