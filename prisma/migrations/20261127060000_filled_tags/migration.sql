-- The values of the tags that `desired` was filled in with, by their name, where it asks for any: another value is another
-- version
ALTER TABLE device_config ADD COLUMN filled_tags jsonb;
