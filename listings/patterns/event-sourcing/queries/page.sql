-- What comes next in the order of all events. Nothing can come before it any more: every transaction with a number below
-- the horizon is over.
SELECT transaction, position, id, stream, version, kind, schema, data::text AS "data!", metadata::text AS "metadata!",
    recorded_at
FROM events
WHERE (transaction, position) > ($1, $2)
  AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY transaction, position
LIMIT $3
