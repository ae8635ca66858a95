-- Events of an hour that a range cuts: they lie about in the order in which they came, so a few bytes a block find them
CREATE INDEX module_event_at_idx ON module_event USING brin (at) WITH (pages_per_range = 32);
