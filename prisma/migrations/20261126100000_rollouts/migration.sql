-- Where a device is, for hours of maintenance by its own clock
ALTER TABLE device ADD COLUMN time_zone text;

-- Jobs for a whole fleet: chosen by a selector, released bit by bit, tried again, run again and again
ALTER TABLE job
  ADD COLUMN is_paused      boolean NOT NULL DEFAULT false,
  ADD COLUMN reason         text,
  ADD COLUMN target_mode    text NOT NULL DEFAULT 'ids',
  ADD COLUMN selector       jsonb,
  ADD COLUMN rollout        jsonb,
  ADD COLUMN hours          jsonb,
  ADD COLUMN retries        integer NOT NULL DEFAULT 0,
  ADD COLUMN backoff_s      integer NOT NULL DEFAULT 10,
  ADD COLUMN repeatable     boolean NOT NULL DEFAULT false,
  ADD COLUMN start_at       timestamptz(3),
  ADD COLUMN schedule       jsonb,
  ADD COLUMN body           jsonb,
  ADD COLUMN schedule_id    uuid REFERENCES job (id) ON DELETE SET NULL,
  ADD COLUMN next_run_at    timestamptz(3),
  -- How far the targets have their executions: the last device that was looked at
  ADD COLUMN expanded_at    timestamptz(3),
  ADD COLUMN expanded_to_at timestamptz(3),
  ADD COLUMN expanded_to    uuid,
  -- How far the release of executions is; see the decision on releases
  ADD COLUMN began_at       timestamptz(3),
  ADD COLUMN tokens         double precision NOT NULL DEFAULT 1,
  ADD COLUMN tokens_at      timestamptz(3),
  ADD COLUMN canary_over_at timestamptz(3),
  ADD COLUMN is_canary_good boolean NOT NULL DEFAULT false;
UPDATE job SET expanded_at = created_at, began_at = created_at;

CREATE INDEX job_open_idx ON job (status) WHERE status IN ('SCHEDULED', 'ROLLING_OUT');
CREATE INDEX job_schedule_id_idx ON job (schedule_id) WHERE schedule_id IS NOT NULL;

ALTER TABLE execution
  ADD COLUMN released_at timestamptz(3),
  ADD COLUMN not_before  timestamptz(3),
  ADD COLUMN is_canary   boolean NOT NULL DEFAULT false,
  ADD COLUMN former      jsonb NOT NULL DEFAULT '[]';
UPDATE execution SET released_at = now();

-- What waits for its release, in order
CREATE INDEX execution_unreleased_idx ON execution (job_id, position) WHERE ended_at IS NULL AND released_at IS NULL;
-- How many are at work
CREATE INDEX execution_at_work_idx ON execution (job_id) WHERE ended_at IS NULL AND released_at IS NOT NULL;
CREATE INDEX execution_canary_idx ON execution (job_id) WHERE is_canary;
-- How they ended, for counts and thresholds
CREATE INDEX execution_job_id_status_idx ON execution (job_id, status);
-- The reconciler asks only for what is on its way or running: what waits may be the whole fleet
DROP INDEX execution_open_idx;
CREATE INDEX execution_in_flight_since_idx ON execution (status, sent_at) WHERE status IN ('SENT', 'RUNNING', 'CANCELING');

-- Requests that name a key are done once
CREATE TABLE idempotency_key (
  caller_id    uuid NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  resource_id  uuid NOT NULL,
  created_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (caller_id, key)
);
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);
