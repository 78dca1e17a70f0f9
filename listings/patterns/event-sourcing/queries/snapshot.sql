-- The newest snapshot of a stream, if it has the shape that this program knows.
SELECT version, state::text AS "state!" FROM snapshots WHERE stream = $1 AND shape = $2
