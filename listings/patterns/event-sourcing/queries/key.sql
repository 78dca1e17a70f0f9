-- The key of a subject: the one that it has, or this new one. The update changes nothing, and returns the row.
INSERT INTO keys (subject, key) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET key = keys.key RETURNING key
