-- Intervals that begin within a stretch, beside those that end within it. Most are short, so rows lie about in that order
-- too; the few long ones must not spoil a block's range.
CREATE INDEX connection_interval_began_idx ON connection_interval USING brin (began timestamptz_minmax_multi_ops);
