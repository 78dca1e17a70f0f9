-- What has happened. Rows are added, and never changed or removed.

-- ANCHOR: events
CREATE TABLE events (
    -- The place in the order of all events is the pair of these two. The first is pg_current_xact_id(), an xid8,
    -- kept as a bigint, which has arithmetic and a place in every driver.
    transaction bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    kind text NOT NULL,
    schema smallint NOT NULL,
    -- json and not jsonb: what was written is what is read, byte for byte, and neither side parses it in between.
    data json NOT NULL,
    metadata json NOT NULL,
    tags text[] NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT events_order PRIMARY KEY (transaction, position),
    CONSTRAINT events_id UNIQUE (id),
    CONSTRAINT events_version UNIQUE (stream, version)
);

CREATE INDEX events_tags ON events USING gin (tags) WHERE tags <> '{}';
-- ANCHOR_END: events
