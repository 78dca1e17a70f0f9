-- Applies a batch: for each account, what its events add up to. An account that was not there is opened by its first event.
INSERT INTO balances (account, owner, currency, cents, version)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
ON CONFLICT (account) DO UPDATE SET cents = balances.cents + excluded.cents, version = excluded.version
