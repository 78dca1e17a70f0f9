-- Whether an event is recorded, where the last one of its append is, and what was asked for.
SELECT transaction, position, metadata->>'request' AS request
FROM events
WHERE transaction = (SELECT transaction FROM events WHERE id = $1)
ORDER BY position DESC
LIMIT 1
