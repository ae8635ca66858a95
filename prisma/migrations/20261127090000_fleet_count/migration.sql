-- Counts of the whole fleet that one process makes and all tell
CREATE TABLE fleet_count (
  name       text PRIMARY KEY,
  -- When somebody last said to count anew
  claimed_at timestamptz(3) NOT NULL,
  counted_at timestamptz(3),
  counts     jsonb
);
