-- The devices that a key is limited to; null for the whole fleet
ALTER TABLE api_key ADD COLUMN selector jsonb;
