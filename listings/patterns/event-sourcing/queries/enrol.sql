-- A projection begins at the beginning.
INSERT INTO checkpoints (name) VALUES ($1) ON CONFLICT DO NOTHING
