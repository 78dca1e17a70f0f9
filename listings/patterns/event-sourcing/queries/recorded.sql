-- Whether an event is recorded, and where.
SELECT transaction, position FROM events WHERE id = $1
