-- The key of a subject, unless it was thrown away.
SELECT key FROM keys WHERE subject = $1
