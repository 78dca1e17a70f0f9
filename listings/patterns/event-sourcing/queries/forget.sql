-- Throws a key away.
DELETE FROM keys WHERE subject = $1
