-- The last movements of an account, the newest first.
SELECT version, what, cents, at FROM statement WHERE account = $1 ORDER BY version DESC LIMIT $2
