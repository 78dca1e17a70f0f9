-- The events that a decision is about: all of these tags, and one of these kinds, or any kind when none is given.
SELECT transaction, position, id, stream, version, kind, schema, data::text AS "data!", metadata::text AS "metadata!",
    recorded_at
FROM events
WHERE tags @> $1 AND tags <> '{}' AND ($2::text[] = '{}' OR kind = ANY ($2)) AND position > $3
ORDER BY position
