-- The newest event, and for how many seconds the first one after a position has been there.
SELECT transaction, position, (
    SELECT extract(epoch FROM clock_timestamp() - recorded_at)::double precision
    FROM events
    WHERE (transaction, position) > ($1, $2)
    ORDER BY transaction, position
    LIMIT 1
) AS waiting
FROM events
ORDER BY transaction DESC, position DESC
LIMIT 1
