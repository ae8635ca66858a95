-- Intervals that begin within a stretch: short ones end soon after, and so lie where others end that did then. The few long
-- ones are looked up, which the ranges of blocks did badly: those of all days from the begin of the longest on had to be read.
CREATE INDEX connection_interval_long_idx ON connection_interval (began) WHERE ended - began >= interval '1 hour';
DROP INDEX connection_interval_began_idx;
