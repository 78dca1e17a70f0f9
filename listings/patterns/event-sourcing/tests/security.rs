//! What the role of the service may do, and what a tenant sees.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Bank, Said, saying};
use event_sourcing::bank::{Balances, Customer, Statement, Teller, balance};
use event_sourcing::{Append, StreamId};
use event_sourcing::{
    AppendError, EventStore, Metadata, NewEvent, Poison, Position, Subscription, Version, connect, rebuild, scope,
};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

const ROLES: &str = concat!(include_str!("../deploy/roles.sql"), include_str!("../deploy/grants.sql"));
const TENANTS: &str = include_str!("../deploy/tenants.sql");

impl Bank {
    /// The same store, by another role.
    async fn by(&self, options: PgConnectOptions) -> EventStore {
        let pool = connect(options, 4).await.unwrap();
        EventStore::new(pool, &self.telemetry.meter(scope()))
    }
}

fn state(error: &sqlx::Error) -> String {
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

// ANCHOR: roles
#[tokio::test]
async fn the_service_may_add_events_and_never_change_one() {
    let bank = Bank::alone().await;
    sqlx::raw_sql(ROLES).execute(bank.pool()).await.unwrap();
    let store = bank.by(bank.options.clone().username("bank_service")).await;

    // All that it has to do, it may.
    let (teller, account, ann) = (Teller::new(store.clone()), Uuid::new_v4(), Uuid::new_v4());
    let customer = Customer { number: ann, name: "Ann".into() };
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    for _ in 0..101 {
        teller.deposit(account, 1, Uuid::new_v4(), Metadata::default()).await.unwrap(); // and a snapshot at the hundredth
    }
    let strange = NewEvent::of(&Said(1)).unwrap();
    store.append(Append::to(StreamId::new("account", "strange"), Version::NONE, vec![strange])).await.unwrap();
    Subscription::new(store.clone(), Balances::of(&store)).poison(Poison::Skip).step().await.unwrap();
    Subscription::new(store.clone(), Statement::of(&store)).poison(Poison::Skip).step().await.unwrap();
    teller.forget(ann).await.unwrap();
    assert_eq!(balance(&store, account).await.unwrap().unwrap().cents, 101);
    let count = "SELECT (SELECT count(*) FROM snapshots), (SELECT count(*) FROM skipped), (SELECT count(*) FROM keys)";
    let counts: (i64, i64, i64) = sqlx::query_as(count).fetch_one(bank.pool()).await.unwrap();
    assert_eq!(counts, (1, 2, 0));

    // And nothing else.
    for rewriting in [
        "UPDATE events SET data = '{\"cents\":1000000}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "ALTER TABLE events DROP COLUMN data",
        "DROP TABLE events",
    ] {
        let error = sqlx::query(AssertSqlSafe(rewriting.to_owned())).execute(store.pool()).await.unwrap_err();
        assert_eq!(state(&error), "42501", "{rewriting}: {error}");
    }
}
// ANCHOR_END: roles

#[tokio::test]
async fn after_a_rebuild_by_the_owner_the_service_goes_on_as_before() {
    let bank = Bank::alone().await;
    sqlx::raw_sql(ROLES).execute(bank.pool()).await.unwrap();
    let store = bank.by(bank.options.clone().username("bank_service")).await;
    let (teller, account) = (Teller::new(store.clone()), Uuid::new_v4());
    let customer = Customer { number: Uuid::new_v4(), name: "Ann".into() };
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    let balances = || Subscription::new(store.clone(), Balances::of(&store));
    assert_eq!(balances().step().await.unwrap(), 1);
    let privileges = "SELECT grantee || ' ' || privilege_type FROM information_schema.role_table_grants
        WHERE table_name = 'balances' ORDER BY 1";
    let privileges = async || sqlx::query_scalar::<_, String>(privileges).fetch_all(bank.pool()).await.unwrap();
    let before = privileges().await;

    rebuild(Subscription::new(bank.store.clone(), Balances::of(&bank.store))).await.unwrap();
    assert_eq!(privileges().await, before);
    teller.deposit(account, 7, Uuid::new_v4(), Metadata::default()).await.unwrap();
    assert_eq!(balances().step().await.unwrap(), 1);
    assert_eq!(balance(&store, account).await.unwrap().unwrap().cents, 7);
    let error = rebuild(balances()).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "it is no work for the service: {error}");
}

// ANCHOR: tenants
#[tokio::test]
async fn a_tenant_reads_and_adds_its_own_events_and_no_others() {
    let bank = Bank::alone().await;
    sqlx::raw_sql(ROLES).execute(bank.pool()).await.unwrap();
    sqlx::raw_sql(TENANTS).execute(bank.pool()).await.unwrap();
    let tenant = |name| bank.options.clone().username("bank_service").options([("bank.tenant", name)]);
    let (north, south) = (bank.by(tenant("north")).await, bank.by(tenant("south")).await);
    let of = |name: &str| Metadata { tenant: Some(name.into()), ..Metadata::default() };
    let seen = async |store: &EventStore| store.page(Position::START, 10).await.unwrap().len();

    north.append(saying("a", 0, 1).with(of("north"))).await.unwrap();
    assert_eq!((seen(&north).await, seen(&south).await), (1, 0));
    let forged = south.append(saying("b", 0, 1).with(of("north"))).await.unwrap_err();
    assert!(matches!(&forged, AppendError::Refused(error) if state(error) == "42501"), "{forged}");
    south.append(saying("a", 0, 1).with(of("south"))).await.unwrap_err(); // a stream belongs to one tenant

    let nobody = bank.by(bank.options.clone().username("bank_service")).await;
    assert_eq!(seen(&nobody).await, 0, "who does not say whose pool it is sees nothing");
    let projector = bank.by(bank.options.clone().username("bank_projector")).await;
    assert_eq!(seen(&projector).await, 1);
    Subscription::new(projector.clone(), Balances::of(&projector)).step().await.unwrap();
    projector.append(saying("c", 0, 1).with(of("north"))).await.unwrap_err();
}
// ANCHOR_END: tenants
