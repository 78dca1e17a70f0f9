-- Several tenants in one store, on top of grants.sql. For a program that has a pool for each tenant, which says whose it is
-- (`options=-c bank.tenant=north`), and another one for the projections, as `bank_projector`. The service of this chapter is
-- none: its one pool serves commands and projections and names no tenant, so with these policies it would see nothing.

-- ANCHOR: tenants
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON events TO bank_service
    USING (metadata->>'tenant' = current_setting('bank.tenant', true));
-- Projections read for everybody, and append for nobody.
CREATE ROLE bank_projector LOGIN;
CREATE POLICY everything ON events FOR SELECT TO bank_projector USING (true);
GRANT SELECT ON events TO bank_projector;
-- ANCHOR_END: tenants
GRANT SELECT, INSERT ON skipped, statement TO bank_projector;
GRANT SELECT, INSERT, UPDATE ON checkpoints, balances TO bank_projector;
