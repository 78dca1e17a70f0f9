-- Adds the events, unless a stream has another version than is expected of it.
INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
SELECT n.id, n.stream, n.version, n.kind, n.schema, n.data::json, $10::text::json, string_to_array(n.tags, ' ')
FROM unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::smallint[], $8::text[], $9::text[])
    WITH ORDINALITY AS n (id, stream, version, kind, schema, data, tags, place)
WHERE NOT EXISTS (
    SELECT FROM unnest($1::text[], $2::bigint[]) AS e (stream, version)
    WHERE e.version <> coalesce((SELECT max(version) FROM events WHERE stream = e.stream), 0)
)
ORDER BY n.place
RETURNING transaction, position
