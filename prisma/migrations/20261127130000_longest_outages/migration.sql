-- The longest outages of a range are found from the top down, instead of sorting all that began in it
CREATE INDEX outage_seen_ms_idx ON outage (((date_part('epoch', ended - began) * 1000)::bigint - unknown_ms) DESC);
