-- The newest event.
SELECT transaction, position FROM events ORDER BY transaction DESC, position DESC LIMIT 1
