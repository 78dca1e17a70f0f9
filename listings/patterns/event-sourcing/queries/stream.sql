-- The events of one stream, after a version.
SELECT transaction, position, id, stream, version, kind, schema, data::text AS "data!", metadata::text AS "metadata!",
    recorded_at
FROM events
WHERE stream = $1 AND version > $2
ORDER BY version
