-- The projection $1 goes on from where $2 has come, which is over.
WITH rebuilt AS (DELETE FROM checkpoints WHERE name = $2 RETURNING transaction, position)
INSERT INTO checkpoints (name, transaction, position)
SELECT $1, transaction, position FROM rebuilt
ON CONFLICT (name) DO UPDATE SET transaction = excluded.transaction, position = excluded.position
