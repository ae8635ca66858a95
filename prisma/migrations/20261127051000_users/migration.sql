-- People, who sign in at the dashboard
CREATE TABLE fleet_user (
  id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name                text NOT NULL UNIQUE,
  role                text NOT NULL,
  password_hash       text NOT NULL,
  created_at          timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  password_changed_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  signed_in_at        timestamptz(3)
);

-- What their browsers hold; only hashes are kept
CREATE TABLE user_session (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid NOT NULL REFERENCES fleet_user (id) ON DELETE CASCADE,
  hash        bytea NOT NULL UNIQUE,
  -- The one before: until the browser has shown that it got the present one, and for what is under way then
  former_hash bytea UNIQUE,
  created_at  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  rotated_at  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- When the present one was first brought
  used_at     timestamptz(3),
  seen_at     timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX user_session_user_id_idx ON user_session (user_id);

-- How often signing in failed, by hashes of name and network, of the name, and of the network
CREATE TABLE sign_in_failure (
  key           bytea PRIMARY KEY,
  failures      integer NOT NULL,
  last_at       timestamptz(3) NOT NULL,
  blocked_until timestamptz(3) NOT NULL
);

-- From where each of them has signed in before: others cannot keep them out there
CREATE TABLE user_network (
  user_id uuid NOT NULL REFERENCES fleet_user (id) ON DELETE CASCADE,
  network text NOT NULL,
  seen_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (user_id, network)
);
