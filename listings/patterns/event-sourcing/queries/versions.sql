-- The versions that the streams have.
SELECT s.stream AS "stream!", coalesce((SELECT max(version) FROM events WHERE stream = s.stream), 0) AS "version!"
FROM unnest($1::text[]) WITH ORDINALITY AS s (stream, place)
ORDER BY s.place
