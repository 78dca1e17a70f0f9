-- How far a projection has come, and nobody takes it further until this transaction ends; nothing while somebody else does.
SELECT transaction, position FROM checkpoints WHERE name = $1 FOR UPDATE SKIP LOCKED
