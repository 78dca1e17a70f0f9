-- Adds the events when every stream has the version that is expected of it, and nothing otherwise.
WITH expected AS (
    SELECT bool_and(e.version = coalesce((SELECT max(version) FROM events WHERE stream = e.stream), 0)) AS met
    FROM unnest($1::text[], $2::bigint[]) AS e (stream, version)
)
INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
SELECT n.id, n.stream, n.version, n.kind, n.schema, n.data::json, $10::text::json, string_to_array(n.tags, ' ')
FROM expected, unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::smallint[], $8::text[], $9::text[])
    WITH ORDINALITY AS n (id, stream, version, kind, schema, data, tags, place)
WHERE expected.met
ORDER BY n.place
RETURNING transaction, position
