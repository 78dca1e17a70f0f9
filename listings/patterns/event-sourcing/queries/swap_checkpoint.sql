-- The projection $1 goes on from where $2 has come, which is over.
WITH rebuilt AS (DELETE FROM checkpoints WHERE name = $2 RETURNING transaction, position)
UPDATE checkpoints SET transaction = rebuilt.transaction, position = rebuilt.position
FROM rebuilt WHERE name = $1 RETURNING name
