-- Whoever appends an event with a tag, or decides by it, does so alone until the end of the transaction. In one order, so that
-- nobody waits in a circle.
SELECT pg_advisory_xact_lock(lock)
FROM (SELECT DISTINCT hashtextextended(tag, 0) AS lock FROM unnest($1::text[]) AS t (tag) ORDER BY lock) AS locks
