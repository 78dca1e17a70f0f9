//! The first twenty lines: an account, a deposit, and what the events say. Needs PostgreSQL's programs, or DATABASE_URL.

use event_sourcing::bank::{Account, Customer, Teller};
use event_sourcing::{EventStore, Metadata, connect, scope};
use opentelemetry::global;
use uuid::Uuid;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = testkit::Postgres::start(&[]); // yours is there already
    let pool = connect(server.url("postgres").parse()?, 4).await?;
    EventStore::migrate(&pool).await?;
    let store = EventStore::new(pool, &global::meter_with_scope(scope()));

    let (teller, account) = (Teller::new(store.clone()), Uuid::new_v4());
    let ann = Customer { number: Uuid::new_v4(), name: "Ann".into() };
    teller.open(account, &ann, "EUR", Uuid::new_v4(), Metadata::default()).await?;
    for cents in [300, 200] {
        teller.deposit(account, cents, Uuid::new_v4(), Metadata::default()).await?;
    }
    match teller.transfer(account, Uuid::new_v4(), 900, Uuid::new_v4(), Metadata::default()).await {
        Ok(_) => println!("sent"),
        Err(refused) => println!("not sent: {refused}"),
    }
    for event in store.page(event_sourcing::Position::START, 10).await? {
        println!("{} {} {}", event.version, event.kind, if event.version.0 > 1 { &event.data } else { "…" });
    }
    let account = store.load::<Account>(account).await?;
    println!("version {}: {} cents", account.version, account.state.cents);
    Ok(())
}
