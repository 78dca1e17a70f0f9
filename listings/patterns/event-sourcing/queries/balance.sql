-- What is on an account.
SELECT account, owner, currency, cents, version FROM balances WHERE account = $1
