//! What a reader of the page *Observe it* may see, and no other test provokes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Bank, say};
use event_sourcing::bank::{Account, Balances, Customer, Teller};
use event_sourcing::{Metadata, Subscription};
use serde_json::json;
use sqlx::Executor;
use tracing::Instrument;
use tracing::instrument::WithSubscriber;
use uuid::Uuid;

// ANCHOR: held_back
#[tokio::test]
async fn symptom_an_open_transaction_holds_a_projection_back_and_only_the_lag_says_so() {
    let bank = Bank::alone().await;
    let mut open = bank.connection().await;
    open.execute("BEGIN").await.unwrap();
    open.execute("SELECT pg_current_xact_id()").await.unwrap();
    say(&bank.store, "a", 0, 1).await.unwrap();
    let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store));
    let step = async || {
        let applied = balances.step().await.unwrap();
        bank.telemetry.flush().unwrap();
        let capture = bank.receiver.capture().await;
        let value = |metric| capture.metric(metric, &[("projection.name", "balances")]).unwrap().clone();
        (applied, value("projection.checkpoint.position"), value("projection.lag.events"), value("projection.lag.time"))
    };
    let (applied, checkpoint, events, time) = step().await;
    assert_eq!((applied, checkpoint, events), (0, json!(0), json!(1)), "an event is there, and may not be read");
    assert!(time.as_f64().unwrap() > 0.0 && step().await.3.as_f64() > time.as_f64(), "behind, and more so with time");

    let who = "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND state = 'idle in transaction'";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(who).fetch_one(bank.pool()).await.unwrap(),
        1,
        "the database knows who it is"
    );
    open.execute("COMMIT").await.unwrap();
    assert_eq!(step().await, (1, json!(1), json!(0), json!(0.0)));
}
// ANCHOR_END: held_back

// ANCHOR: twice
#[tokio::test]
async fn symptom_with_a_new_key_for_each_attempt_one_wish_is_two_deposits() {
    let bank = Bank::open().await;
    let (teller, account) = (Teller::new(bank.store.clone()), Uuid::new_v4());
    let customer = Customer { number: Uuid::new_v4(), name: "Ann".into() };
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    for _attempt in 0..2 {
        teller.deposit(account, 500, Uuid::new_v4(), Metadata::default()).await.unwrap();
    }
    assert_eq!(bank.store.load::<Account>(account).await.unwrap().state.cents, 1_000);
}
// ANCHOR_END: twice

// ANCHOR: no_spans
#[tokio::test]
async fn symptom_a_statement_by_sqlx_alone_leaves_no_span() {
    let bank = Bank::open().await;
    let span = async || {
        let statement = sqlx::query("SELECT cents FROM balances").fetch_all(bank.pool());
        statement.instrument(tracing::info_span!("my handler")).await.unwrap();
    };
    span().with_subscriber(bank.telemetry.dispatch()).await;
    assert_eq!(bank.close().await.tree(), "my handler\n");
}
// ANCHOR_END: no_spans
