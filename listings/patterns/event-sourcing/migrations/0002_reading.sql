-- What readers keep.

-- ANCHOR: checkpoints
-- How far each projection has come. The row is locked while its projection works, so there is one at work at a time.
CREATE TABLE checkpoints (
    name text PRIMARY KEY,
    transaction bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0
);

-- What a projection could not digest, and was told to leave out.
CREATE TABLE skipped (
    name text NOT NULL,
    transaction bigint NOT NULL,
    position bigint NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, transaction, position)
);
-- ANCHOR_END: checkpoints

-- ANCHOR: snapshots
-- The state of a stream at a version: a cache, which may be emptied at any time.
CREATE TABLE snapshots (
    stream text PRIMARY KEY,
    version bigint NOT NULL,
    shape smallint NOT NULL,
    state json NOT NULL
);
-- ANCHOR_END: snapshots

-- ANCHOR: keys
-- The key with which a person's data is sealed. Without the row nobody can read it any more.
CREATE TABLE keys (
    subject text PRIMARY KEY,
    key bytea NOT NULL
);
-- ANCHOR_END: keys
