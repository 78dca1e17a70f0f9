-- A projection has come this far.
UPDATE checkpoints SET transaction = $2, position = $3 WHERE name = $1
