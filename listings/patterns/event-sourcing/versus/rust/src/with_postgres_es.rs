//! postgres-es, the PostgreSQL side of cqrs-es.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::ensure;
use async_trait::async_trait;
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{
    EventStoreAggregateContext, GenericQuery, PersistedEventStore, QueryReplay, SerializedEvent, ViewRepository,
};
use cqrs_es::{Aggregate, AggregateError, DomainEvent, EventEnvelope, EventStore, Query, View};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, raw_sql};
use uuid::Uuid;

use crate::bench::{AGGREGATES, Bench, POOL, STORY, Writer, cents_after};

/// The tables of its `db/init.sql`. The last is a view's.
const TABLES: &str = "
    CREATE TABLE events (
        aggregate_type text NOT NULL,
        aggregate_id text NOT NULL,
        sequence bigint NOT NULL CHECK (sequence >= 0),
        event_type text NOT NULL,
        event_version text NOT NULL,
        payload json NOT NULL,
        metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence)
    );
    CREATE TABLE snapshots (
        aggregate_type text NOT NULL,
        aggregate_id text NOT NULL,
        last_sequence bigint NOT NULL CHECK (last_sequence >= 0),
        current_snapshot bigint NOT NULL CHECK (current_snapshot >= 0),
        payload json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
    );
    CREATE TABLE balances (
        view_id text PRIMARY KEY,
        version bigint NOT NULL CHECK (version >= 0),
        payload json NOT NULL
    )";

/// How often there is a snapshot in the documentation of `PersistedEventStore::new_snapshot_store`.
const SNAPSHOTS: usize = 100;

type Store = PersistedEventStore<PostgresEventRepository, Account>;
type Balances = PostgresViewRepository<Balance, Account>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum AccountEvent {
    Opened { owner: String, name: String, currency: String },
    Deposited { cents: i64 },
    Sent { transfer: Uuid, to: Uuid, cents: i64 },
    Received { transfer: Uuid, from: Uuid, cents: i64 },
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Opened { .. } => "account_opened",
            Self::Deposited { .. } => "money_deposited",
            Self::Sent { .. } => "transfer_sent",
            Self::Received { .. } => "transfer_received",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

/// Events `from` and following of an account.
fn story(from: usize, events: usize) -> Vec<AccountEvent> {
    let opened = || AccountEvent::Opened {
        owner: Uuid::from_u128(1).to_string(),
        name: "c2VhbGVkLXNlYWxlZC1zZWFsZWQtc2VhbGVk".to_owned(),
        currency: "EUR".to_owned(),
    };
    (from..from + events).map(|n| if n == 0 { opened() } else { AccountEvent::Deposited { cents: n as i64 } }).collect()
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Account {
    currency: String,
    cents: i64,
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = Vec<AccountEvent>;
    type Event = AccountEvent;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, events: Vec<AccountEvent>, (): &(), sink: &EventSink<Self>) -> Result<(), Never> {
        for event in events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Opened { currency, .. } => self.currency = currency,
            AccountEvent::Deposited { cents } | AccountEvent::Received { cents, .. } => self.cents += cents,
            AccountEvent::Sent { cents, .. } => self.cents -= cents,
        }
    }
}

/// Nothing is refused here.
#[derive(Debug, thiserror::Error)]
enum Never {}

/// The store, as its documentation sets it up, in a database that has its tables.
async fn open(pool: &PgPool) -> anyhow::Result<Arc<Store>> {
    raw_sql(TABLES).execute(pool).await?;
    Ok(Arc::new(Store::new_event_store(PostgresEventRepository::new(pool.clone()))))
}

/// So many events by SQL: what a commit writes, in the order in which commits would. (Its driver sends `jsonb`, which the
/// server writes with spaces.)
async fn fill(pool: &PgPool, events: usize) -> anyhow::Result<()> {
    let story: Vec<SerializedEvent> = story(0, STORY)
        .into_iter()
        .map(|payload| EventEnvelope::<Account> {
            aggregate_id: String::new(),
            sequence: 0,
            payload,
            metadata: HashMap::new(),
        })
        .map(|envelope| SerializedEvent::try_from(&envelope))
        .collect::<Result<_, _>>()?;
    let kinds: Vec<&str> = story.iter().map(|event| event.event_type.as_str()).collect();
    let payloads: Vec<String> = story.iter().map(|event| event.payload.to_string()).collect();
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         SELECT 'account', lpad(to_hex(account), 32, '0')::uuid::text, number, kind, '1', payload::jsonb, '{}'
         FROM generate_series(0, $1 - 1) AS account,
             unnest($2::text[], $3::text[]) WITH ORDINALITY AS event (kind, payload, number)
         ORDER BY account, number",
    )
    .bind((events / STORY) as i64)
    .bind(kinds)
    .bind(payloads)
    .execute(pool)
    .await?;
    raw_sql("VACUUM ANALYZE events").execute(pool).await?;
    Ok(())
}

/// Appends to one account after the other.
#[derive(Clone)]
struct Accounts {
    store: Arc<Store>,
    account: Uuid,
    events: usize,
}

impl Accounts {
    fn of(store: &Arc<Store>) -> Self {
        Self { store: store.clone(), account: Uuid::new_v4(), events: 0 }
    }

    /// What `CqrsFramework::execute` does after the decision. The chapter's store does not load first, either.
    async fn commit(
        &mut self,
        events: Vec<AccountEvent>,
    ) -> Result<Vec<EventEnvelope<Account>>, AggregateError<Never>> {
        let context = EventStoreAggregateContext {
            aggregate_id: self.account.to_string(),
            aggregate: Account::default(),
            current_sequence: self.events,
            current_snapshot: None,
        };
        let committed = self.store.commit(events, context, HashMap::new()).await?;
        self.events += committed.len();
        Ok(committed)
    }
}

impl Writer for Accounts {
    async fn append(&mut self, events: usize) -> anyhow::Result<()> {
        if self.events == 0 || self.events >= STORY {
            (self.account, self.events) = (Uuid::new_v4(), 0);
        }
        self.commit(story(self.events, events)).await?;
        Ok(())
    }
}

pub async fn append(bench: &mut Bench) -> anyhow::Result<()> {
    bench.append("postgres-es", async |pool| Ok(Accounts::of(&open(&pool).await?))).await
}

/// What a replay is to fill.
#[derive(Default)]
struct Total {
    account: Mutex<Account>,
    events: AtomicUsize,
}

#[async_trait]
impl Query<Account> for &Total {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<Account>]) {
        self.events.fetch_add(events.len(), Ordering::Relaxed);
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            account.apply(event.payload.clone());
        }
    }
}

pub async fn replay(bench: &mut Bench) -> anyhow::Result<()> {
    let events = bench.choose(1_000_000, 100_000);
    bench
        .database(POOL, async |bench, pool| {
            open(&pool).await?;
            fill(&pool, events).await?;
            let case = format!("replay of {events} events");
            bench.rates((&case, "postgres-es, QueryReplay"), events, async || replay_all(&pool, events).await).await
        })
        .await
}

async fn replay_all(pool: &PgPool, events: usize) -> anyhow::Result<()> {
    let total = Total::default();
    let mut replay = QueryReplay::new(PostgresEventRepository::new(pool.clone()), &total);
    replay.use_error_handler(Box::new(|error| panic!("{error}")));
    replay.replay_all().await?;
    let cents = total.account.lock().unwrap_or_else(PoisonError::into_inner).cents;
    let seen = total.events.load(Ordering::Relaxed);
    ensure!(seen == events && cents == cents_after(STORY) * (events / STORY) as i64, "{seen} events, {cents} cents");
    Ok(())
}

pub async fn rehydrate(bench: &mut Bench) -> anyhow::Result<()> {
    bench
        .database(POOL, async |bench, pool| {
            let plain = open(&pool).await?;
            fill(&pool, bench.choose(100_000, 10_000)).await?;
            let repository = PostgresEventRepository::new(pool.clone());
            let snapshots = Arc::new(Store::new_snapshot_store(repository, SNAPSHOTS));
            let mut accounts = Vec::new();
            for events in AGGREGATES {
                let mut account = Accounts::of(&snapshots); // its commit keeps the snapshot
                account.commit(story(0, events)).await?;
                accounts.push(account);
            }
            raw_sql("VACUUM ANALYZE events, snapshots").execute(&pool).await?;
            for account in accounts {
                for (subject, store) in [("postgres-es", &plain), ("postgres-es, snapshot", &snapshots)] {
                    bench.times(account.events, subject, async || loaded(store, &account).await).await?;
                }
            }
            Ok(())
        })
        .await
}

async fn loaded(store: &Store, account: &Accounts) -> anyhow::Result<()> {
    let cents = store.load_aggregate(&account.account.to_string()).await?.aggregate.cents;
    ensure!(cents == cents_after(account.events), "{cents} cents after {} events", account.events);
    Ok(())
}

/// A row of the read model.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Balance {
    owner: String,
    currency: String,
    cents: i64,
    version: usize,
}

impl View<Account> for Balance {
    fn update(&mut self, event: &EventEnvelope<Account>) {
        self.version = event.sequence;
        match &event.payload {
            AccountEvent::Opened { owner, currency, .. } => {
                (self.owner, self.currency) = (owner.clone(), currency.clone());
            }
            AccountEvent::Deposited { cents } | AccountEvent::Received { cents, .. } => self.cents += cents,
            AccountEvent::Sent { cents, .. } => self.cents -= cents,
        }
    }
}

/// The view repository and what keeps it up to date.
fn balances(pool: &PgPool) -> (Arc<Balances>, GenericQuery<Balances, Balance, Account>) {
    let views = Arc::new(Balances::new("balances", pool.clone()));
    let mut query = GenericQuery::new(views.clone());
    query.use_error_handler(Box::new(|error| panic!("{error}")));
    (views, query)
}

pub async fn projection(bench: &mut Bench) -> anyhow::Result<()> {
    let events = bench.choose(100_000, 10_000);
    bench
        .database(POOL, async |bench, pool| {
            open(&pool).await?;
            fill(&pool, events).await?;
            let case = format!("projection of {events} events into a table of balances");
            bench.rates((&case, "postgres-es, QueryReplay"), events, async || project(&pool, events).await).await
        })
        .await
}

/// It has no checkpoint: a view is emptied, and filled again from the first event.
async fn project(pool: &PgPool, events: usize) -> anyhow::Result<()> {
    raw_sql("TRUNCATE balances").execute(pool).await?;
    let (_, query) = balances(pool);
    let mut replay = QueryReplay::new(PostgresEventRepository::new(pool.clone()), query);
    replay.use_error_handler(Box::new(|error| panic!("{error}")));
    replay.replay_all().await?;
    let cents: Option<i64> =
        sqlx::query_scalar("SELECT sum((payload ->> 'cents')::bigint)::bigint FROM balances").fetch_one(pool).await?;
    ensure!(cents == Some(cents_after(STORY) * (events / STORY) as i64), "{cents:?} cents");
    Ok(())
}

/// The caller keeps the view up to date, right after its commit.
pub async fn lag(bench: &mut Bench) -> anyhow::Result<()> {
    bench
        .database(POOL, async |bench, pool| {
            let mut account = Accounts::of(&open(&pool).await?);
            let (views, query) = balances(&pool);
            let id = account.account.to_string();
            query.dispatch(&id, &account.commit(story(0, 1)).await?).await;
            let append = async || {
                let committed = account.commit(vec![AccountEvent::Deposited { cents: 1 }]).await?;
                query.dispatch(&id, &committed).await;
                Ok(())
            };
            let shown = async || Ok(views.load(&id).await?.map_or(0, |balance| balance.cents));
            bench.lag("postgres-es", append, shown).await
        })
        .await
}
