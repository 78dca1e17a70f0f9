-- After a migration that adds tables, by the role that ran it, which owns them, or by a superuser. Replicas log in as
-- `bank_service`. A rebuild makes and drops tables: it is a job of the owner, like a migration. It keeps these privileges.

-- ANCHOR: grants
GRANT SELECT, INSERT ON events, skipped, statement TO bank_service; -- no UPDATE, no DELETE: nobody rewrites what has happened
GRANT SELECT, INSERT, UPDATE ON checkpoints, snapshots, balances TO bank_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON keys TO bank_service; -- to forget somebody is to delete a key
-- ANCHOR_END: grants
