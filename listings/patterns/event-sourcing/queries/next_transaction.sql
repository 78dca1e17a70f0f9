-- The number that the next transaction gets.
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS "next!"
