-- All that a request made, where it made several
ALTER TABLE idempotency_key ADD COLUMN resource_ids uuid[];
