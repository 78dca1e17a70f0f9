-- Keeps a snapshot, unless a newer one of this shape is there.
INSERT INTO snapshots (stream, version, shape, state)
VALUES ($1, $2, $3, $4::text::json)
ON CONFLICT (stream) DO UPDATE SET version = excluded.version, shape = excluded.shape, state = excluded.state
WHERE snapshots.shape <> excluded.shape OR snapshots.version < excluded.version
