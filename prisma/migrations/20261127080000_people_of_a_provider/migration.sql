-- People who sign in at an OpenID provider: known by it and their subject there, without a password here
ALTER TABLE fleet_user
  ALTER COLUMN password_hash DROP NOT NULL,
  ALTER COLUMN password_changed_at DROP NOT NULL,
  ADD COLUMN issuer text,
  ADD COLUMN subject text,
  ADD CONSTRAINT fleet_user_issuer_subject_key UNIQUE (issuer, subject),
  ADD CONSTRAINT fleet_user_proof CHECK (
    (password_hash IS NOT NULL AND password_changed_at IS NOT NULL AND issuer IS NULL AND subject IS NULL)
    OR (password_hash IS NULL AND password_changed_at IS NULL AND issuer IS NOT NULL AND subject IS NOT NULL)
  );
