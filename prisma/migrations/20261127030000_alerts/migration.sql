-- Where notifications go
CREATE TABLE alert_channel (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name       text NOT NULL UNIQUE,
  kind       text NOT NULL CHECK (kind IN ('webhook', 'email')),
  url        text,
  recipients text[],
  -- What webhooks are signed with, bound to the channel's id
  sealed     bytea,
  key_id     text,
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_by text NOT NULL,
  CHECK ((kind = 'webhook') = (url IS NOT NULL AND sealed IS NOT NULL AND key_id IS NOT NULL)),
  CHECK ((kind = 'email') = (recipients IS NOT NULL))
);

CREATE TABLE alert_rule (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name          text NOT NULL UNIQUE,
  description   text NOT NULL,
  kind          text NOT NULL,
  params        jsonb NOT NULL,
  selector      jsonb NOT NULL,
  severity      text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  clear_after_s integer NOT NULL,
  group_by      jsonb NOT NULL,
  channel_ids   uuid[] NOT NULL,
  is_enabled    boolean NOT NULL,
  version       integer NOT NULL DEFAULT 1,
  created_at    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_by    text NOT NULL,
  -- When it was looked at last; whoever evaluates it holds the row
  evaluated_at  timestamptz(3)
) WITH (fillfactor = 70);

CREATE TABLE alert (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Null when the rule is gone; what was true of it then stays
  rule_id         uuid REFERENCES alert_rule (id) ON DELETE SET NULL,
  rule_name       text NOT NULL,
  kind            text NOT NULL,
  severity        text NOT NULL,
  -- A device or a job, or null for a group
  subject_id      uuid,
  subject_name    text,
  group_by        text,
  group_key       text,
  facts           jsonb NOT NULL,
  since           timestamptz(3) NOT NULL,
  fired_at        timestamptz(3) NOT NULL,
  devices         integer NOT NULL,
  is_silenced     boolean NOT NULL DEFAULT false,
  notified_at     timestamptz(3),
  acknowledged_at timestamptz(3),
  acknowledged_by text,
  note            text,
  resolved_at     timestamptz(3),
  resolution      text,
  -- The alert of its group that took it over
  folded_into     uuid REFERENCES alert (id) ON DELETE SET NULL,
  CHECK ((subject_id IS NULL) <> (group_key IS NULL)),
  CHECK ((resolved_at IS NULL) = (resolution IS NULL))
) WITH (fillfactor = 80);
-- At most one open alert a rule and subject, or a rule and group
CREATE UNIQUE INDEX alert_open_subject ON alert (rule_id, subject_id) WHERE resolved_at IS NULL AND subject_id IS NOT NULL;
CREATE UNIQUE INDEX alert_open_group ON alert (rule_id, group_key) WHERE resolved_at IS NULL AND group_key IS NOT NULL;
CREATE INDEX alert_open_idx ON alert (fired_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alert_unnotified_idx ON alert (rule_id) WHERE resolved_at IS NULL AND notified_at IS NULL;
CREATE INDEX alert_fired_at_idx ON alert (fired_at, id);
CREATE INDEX alert_rule_id_idx ON alert (rule_id, fired_at, id);
CREATE INDEX alert_resolved_at_idx ON alert (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX alert_folded_into_idx ON alert (folded_into) WHERE folded_into IS NOT NULL;

-- The devices of an alert, those too that are well again
CREATE TABLE alert_member (
  alert_id  uuid NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  device_id uuid NOT NULL,
  joined_at timestamptz(3) NOT NULL,
  left_at   timestamptz(3),
  PRIMARY KEY (alert_id, device_id)
);
CREATE INDEX alert_member_device_id_idx ON alert_member (device_id);

-- What a rule watches now: a device or a job for which its condition holds, or held until a moment ago
CREATE TABLE alert_subject (
  rule_id      uuid NOT NULL REFERENCES alert_rule (id) ON DELETE CASCADE,
  subject_id   uuid NOT NULL,
  subject_name text NOT NULL,
  group_key    text,
  facts        jsonb NOT NULL,
  since        timestamptz(3) NOT NULL,
  -- Null while it has not lasted long enough
  alert_id     uuid REFERENCES alert (id) ON DELETE CASCADE,
  -- From when on it is known not to hold any more
  clear_since  timestamptz(3),
  PRIMARY KEY (rule_id, subject_id)
) WITH (fillfactor = 70);
CREATE INDEX alert_subject_pending_idx ON alert_subject (rule_id, since) WHERE alert_id IS NULL;
CREATE INDEX alert_subject_clearing_idx ON alert_subject (rule_id, clear_since) WHERE clear_since IS NOT NULL;
CREATE INDEX alert_subject_group_idx ON alert_subject (rule_id, group_key) WHERE group_key IS NOT NULL;
CREATE INDEX alert_subject_alert_id_idx ON alert_subject (alert_id);

-- Who need not be told for a while
CREATE TABLE silence (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  rule_id    uuid REFERENCES alert_rule (id) ON DELETE CASCADE,
  selector   jsonb,
  begins_at  timestamptz(3) NOT NULL,
  ends_at    timestamptz(3) NOT NULL,
  reason     text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  created_by text NOT NULL,
  CHECK (begins_at < ends_at),
  CHECK (rule_id IS NOT NULL OR selector IS NOT NULL)
);
CREATE INDEX silence_ends_at_idx ON silence (ends_at);
CREATE INDEX silence_rule_id_idx ON silence (rule_id) WHERE rule_id IS NOT NULL;

-- Outbox: written together with what it tells, delivered afterwards, at least once and always with the same id and body
CREATE TABLE notification (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  channel_id   uuid NOT NULL REFERENCES alert_channel (id) ON DELETE CASCADE,
  rule_id      uuid REFERENCES alert_rule (id) ON DELETE SET NULL,
  type         text NOT NULL,
  payload      jsonb NOT NULL,
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts     integer NOT NULL DEFAULT 0,
  -- While somebody delivers it: when that one is taken for dead
  next_at      timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_error   text,
  created_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at     timestamptz(3)
) WITH (fillfactor = 80);
CREATE INDEX notification_due_idx ON notification (next_at) WHERE status = 'pending';
CREATE INDEX notification_status_idx ON notification (status, created_at, id);
CREATE INDEX notification_created_at_idx ON notification (created_at, id);
CREATE INDEX notification_channel_id_idx ON notification (channel_id);
CREATE INDEX notification_rule_id_idx ON notification (rule_id) WHERE rule_id IS NOT NULL;

CREATE TABLE notification_alert (
  notification_id uuid NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
  alert_id        uuid NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  PRIMARY KEY (alert_id, notification_id)
);
CREATE INDEX notification_alert_notification_id_idx ON notification_alert (notification_id);

-- When jobs were aborted, whichever statement did it: the job itself keeps no time of its end
CREATE TABLE job_abort (
  job_id uuid PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  at     timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX job_abort_at_idx ON job_abort (at);
CREATE FUNCTION job_aborted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_abort (job_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER job_aborted AFTER UPDATE OF status ON job FOR EACH ROW
  WHEN (NEW.status = 'ABORTED' AND OLD.status <> 'ABORTED') EXECUTE FUNCTION job_aborted();

-- What rules ask for every few seconds: the devices whose agents went away, and how often modules left `connected` lately
CREATE INDEX device_state_away_idx ON device_state (link_since) WHERE NOT online;
CREATE INDEX connection_interval_connected_ended_idx ON connection_interval (ended) WHERE state = 'connected';

CREATE FUNCTION live_alert_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO live_event (kind, device_id, data)
  SELECT 'alert', CASE WHEN n.kind <> 'job-aborted' THEN n.subject_id END, jsonb_build_object(
           'id', n.id, 'ruleId', n.rule_id, 'state', 'firing', 'severity', n.severity)
    FROM new_rows n;
  RETURN NULL;
END $$;
CREATE TRIGGER live_alert_added AFTER INSERT ON alert
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_alert_added();

CREATE FUNCTION live_alert_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO live_event (kind, device_id, data)
  SELECT 'alert', CASE WHEN n.kind <> 'job-aborted' THEN n.subject_id END, jsonb_build_object(
           'id', n.id, 'ruleId', n.rule_id,
           'state', CASE WHEN n.resolved_at IS NOT NULL THEN 'resolved' WHEN n.acknowledged_at IS NOT NULL THEN 'acknowledged'
                         ELSE 'firing' END,
           'severity', n.severity)
    FROM new_rows n JOIN old_rows o USING (id)
   WHERE (n.resolved_at IS NULL) <> (o.resolved_at IS NULL) OR (n.acknowledged_at IS NULL) <> (o.acknowledged_at IS NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER live_alert_changed AFTER UPDATE ON alert
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION live_alert_changed();
