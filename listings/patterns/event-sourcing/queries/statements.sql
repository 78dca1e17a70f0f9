-- Applies a batch: a line for each movement.
INSERT INTO statement (account, version, what, cents, at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[])
