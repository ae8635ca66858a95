-- Events that are pushed to other systems (ADR 20): where to, who delivers them, and how it goes
CREATE TABLE event_stream (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name              text NOT NULL UNIQUE,
  url               text NOT NULL,
  -- What its webhooks are signed with, sealed
  sealed            bytea NOT NULL,
  key_id            text NOT NULL,
  selector          jsonb,
  kinds             text[],
  is_enabled        boolean NOT NULL,
  -- Why it is not, where nobody asked for that
  reason            text,
  created_at        timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  created_by        text NOT NULL,
  -- The process that delivers it, and until when no other may
  owner             uuid,
  node              text,
  leased_until      timestamptz(3),
  -- A seek begins another generation: what is under way must not move the new positions
  generation        integer NOT NULL DEFAULT 1,
  failures          integer NOT NULL DEFAULT 0,
  retry_at          timestamptz(3),
  last_error        text,
  last_error_at     timestamptz(3),
  last_delivered_at timestamptz(3),
  delivered         bigint NOT NULL DEFAULT 0,
  -- Everything that was stored before this is delivered
  delivered_through timestamptz(3)
);

-- How far a stream is in each device's outbox: all of `epoch` up to `seq` is delivered. Without a row: nothing is.
CREATE TABLE event_stream_position (
  stream_id uuid NOT NULL REFERENCES event_stream (id) ON DELETE CASCADE,
  device_id uuid NOT NULL,
  epoch     bigint NOT NULL,
  seq       bigint NOT NULL,
  -- The stream begins here: what is missing before the next event was not lost on the way
  is_start  boolean NOT NULL DEFAULT false,
  PRIMARY KEY (stream_id, device_id, epoch)
) WITH (fillfactor = 70);
