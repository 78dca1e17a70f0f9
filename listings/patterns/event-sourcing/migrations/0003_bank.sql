-- The read models of the bank. Each belongs to one projection, which can make it anew from the events.

-- ANCHOR: balances
CREATE TABLE balances (
    account uuid PRIMARY KEY,
    owner text NOT NULL,
    currency text NOT NULL,
    cents bigint NOT NULL,
    -- The version of the account that this is the balance of.
    version bigint NOT NULL
);
-- ANCHOR_END: balances

-- ANCHOR: statement
CREATE TABLE statement (
    account uuid NOT NULL,
    version bigint NOT NULL,
    what text NOT NULL,
    cents bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account, version)
);
-- ANCHOR_END: statement
