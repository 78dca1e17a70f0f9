-- How far a projection has come, and nobody takes it further until this transaction ends.
SELECT transaction, position FROM checkpoints WHERE name = $1 FOR UPDATE
