-- How far a projection has come.
SELECT transaction, position FROM checkpoints WHERE name = $1
