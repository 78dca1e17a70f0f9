-- Several tenants in one store, on top of roles.sql. Each tenant's pool says whose it is: `options=-c bank.tenant=north`.

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
