-- An event that a projection leaves out, and why.
INSERT INTO skipped (name, transaction, position, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
