//! disintegrate, on PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use disintegrate::serde::json::Json;
use disintegrate::{
    Event, EventListener, EventSourcedStateStore, EventStore, LoadState, NoSnapshot, PersistedEvent, SnapshotConfig,
    StateMutate, StateQuery, StreamItem, StreamQuery, query,
};
use disintegrate_postgres::{
    Error, Migrator, PgEventId, PgEventListener, PgEventListenerConfig, PgEventStore, PgSnapshotter, WithPgSnapshot,
};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, raw_sql};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::bench::{AGGREGATES, Bench, POOL, STORY, Writer, cents_after};

/// How often there is a snapshot in its documentation and its examples.
const SNAPSHOTS: u64 = 10;

/// How often its listeners look by themselves, in its documentation.
const POLL: Duration = Duration::from_secs(5);

/// How often an append is repeated, at most, after a conflict of serializable transactions.
const TRIES: usize = 1_000;

type Store = PgEventStore<AccountEvent, Json<AccountEvent>>;

/// The account stands in each event: what a stream is, is a question of the query.
#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum AccountEvent {
    AccountOpened {
        #[id]
        account: Uuid,
        owner: String,
        name: String,
        currency: String,
    },
    MoneyDeposited {
        #[id]
        account: Uuid,
        cents: i64,
    },
    TransferSent {
        #[id]
        account: Uuid,
        transfer: Uuid,
        to: Uuid,
        cents: i64,
    },
    TransferReceived {
        #[id]
        account: Uuid,
        transfer: Uuid,
        from: Uuid,
        cents: i64,
    },
}

/// Events `from` and following of an account.
fn story(account: Uuid, from: usize, events: usize) -> Vec<AccountEvent> {
    let opened = || AccountEvent::AccountOpened {
        account,
        owner: Uuid::from_u128(1).to_string(),
        name: "c2VhbGVkLXNlYWxlZC1zZWFsZWQtc2VhbGVk".to_owned(),
        currency: "EUR".to_owned(),
    };
    let deposited = |n| AccountEvent::MoneyDeposited { account, cents: n as i64 };
    (from..from + events).map(|n| if n == 0 { opened() } else { deposited(n) }).collect()
}

#[derive(Debug, Clone, Default, StateQuery, Serialize, Deserialize)]
#[state_query(AccountEvent)]
struct Account {
    #[id]
    account: Uuid,
    currency: String,
    cents: i64,
}

impl Account {
    fn of(account: Uuid) -> Self {
        Self { account, ..Self::default() }
    }
}

impl StateMutate for Account {
    fn mutate(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountOpened { currency, .. } => self.currency = currency,
            AccountEvent::MoneyDeposited { cents, .. } | AccountEvent::TransferReceived { cents, .. } => {
                self.cents += cents;
            }
            AccountEvent::TransferSent { cents, .. } => self.cents -= cents,
        }
    }
}

/// What is missing when the store makes its tables in PostgreSQL 15: one of its functions has a hexadecimal number, which
/// only later versions read, and there it stops. The function is the same with a decimal one.
const REST: &str = "
    CREATE FUNCTION event_store_begin_epoch() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        next bigint := (SELECT last_value FROM seq_event_event_id);
        here int := (SELECT oid FROM pg_database WHERE datname = current_database());
    BEGIN
        PERFORM pg_try_advisory_xact_lock_shared(here, 0);
        PERFORM pg_try_advisory_xact_lock_shared(1, (next & 4294967295)::bit(32)::int);
        PERFORM pg_try_advisory_xact_lock_shared(2, (next >> 32)::bit(32)::int);
    END
    $$;
    ALTER TABLE event ADD COLUMN account uuid;
    CREATE INDEX idx_event_account ON event (account) WHERE account IS NOT NULL";

/// The store, which makes its tables itself.
async fn open(pool: &PgPool) -> anyhow::Result<Store> {
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(pool).await?;
    let made = Store::try_new(pool.clone(), Json::default()).await;
    if version >= 160_000 {
        return Ok(made?);
    }
    raw_sql(REST).execute(pool).await?;
    Ok(Store::new_uninitialized(pool.clone(), Json::default()))
}

/// So many events by SQL: what an append writes, in the order in which appends would.
async fn fill(pool: &PgPool, events: usize) -> anyhow::Result<()> {
    let story = story(Uuid::nil(), 0, STORY);
    let kinds: Vec<&str> = story.iter().map(Event::name).collect();
    let payloads: Vec<String> = story.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    sqlx::query(
        "INSERT INTO event (event_type, payload, account)
         SELECT kind, convert_to(replace(payload, $4::uuid::text, id::text), 'UTF8'), id
         FROM generate_series(0, $1 - 1) AS account,
             CAST(lpad(to_hex(account), 32, '0') AS uuid) AS id,
             unnest($2::text[], $3::text[]) WITH ORDINALITY AS event (kind, payload, number)
         ORDER BY account, number",
    )
    .bind((events / STORY) as i64)
    .bind(kinds)
    .bind(payloads)
    .bind(Uuid::nil())
    .execute(pool)
    .await?;
    raw_sql("VACUUM ANALYZE event").execute(pool).await?;
    Ok(())
}

/// Appends to one account after the other.
#[derive(Clone)]
struct Accounts {
    store: Store,
    account: Uuid,
    events: usize,
    last: PgEventId,
    tally: Arc<Tally>,
}

impl Accounts {
    fn of(store: Store) -> Self {
        Self { store, account: Uuid::new_v4(), events: 0, last: 0, tally: Arc::default() }
    }

    /// What `DecisionMaker::make` does after the decision. The chapter's store does not load first, either.
    ///
    /// Transactions of different accounts can conflict, too: the server takes no note of less than a page. Its documentation
    /// says to try again.
    async fn append_all(&mut self, events: Vec<AccountEvent>) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            let query: StreamQuery<PgEventId, AccountEvent> = Account::of(self.account).query();
            match self.store.append(events.clone(), query, self.last).await {
                Ok(appended) => {
                    self.last = appended.last().map_or(self.last, PersistedEvent::id);
                    self.events += appended.len();
                    self.tally.appends.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) if is_conflict(&error) => self.tally.conflicts.fetch_add(1, Ordering::Relaxed),
                Err(error) => return Err(error.into()),
            };
        }
        anyhow::bail!("{TRIES} conflicts, one after the other")
    }
}

/// It recognises a conflict that comes with the commit. One that comes with a statement before is an error of the database.
fn is_conflict(error: &Error) -> bool {
    match error {
        Error::Concurrency => true,
        Error::Database(sqlx::Error::Database(error)) => error.code().as_deref() == Some("40001"),
        _ => false,
    }
}

impl Writer for Accounts {
    async fn append(&mut self, events: usize) -> anyhow::Result<()> {
        if self.events == 0 || self.events >= STORY {
            // `last` stays: a version is a place in the whole store, and to load nothing would say the end of it.
            (self.account, self.events) = (Uuid::new_v4(), 0);
        }
        self.append_all(story(self.account, self.events, events)).await
    }
}

/// How often all writers of a case had to try again.
#[derive(Default)]
struct Tally {
    appends: AtomicUsize,
    conflicts: AtomicUsize,
}

impl Drop for Tally {
    fn drop(&mut self) {
        let (appends, conflicts) = (self.appends.get_mut(), self.conflicts.get_mut());
        if *conflicts > 0 {
            eprintln!("disintegrate had {conflicts} conflicts in {appends} appends");
        }
    }
}

/// Once as it is where nobody listens, and once with the trigger that tells listeners of each event.
pub async fn append(bench: &mut Bench) -> anyhow::Result<()> {
    bench.append("disintegrate", async |pool| Ok(Accounts::of(open(&pool).await?))).await?;
    let notifying = async |pool| {
        let store = open(&pool).await?;
        Migrator::new(store.clone()).init_listener().await?;
        Ok(Accounts::of(store))
    };
    bench.append("disintegrate, with its trigger", notifying).await
}

pub async fn replay(bench: &mut Bench) -> anyhow::Result<()> {
    let events = bench.choose(1_000_000, 100_000);
    bench
        .database(POOL, async |bench, pool| {
            let store = open(&pool).await?;
            fill(&pool, events).await?;
            let case = format!("replay of {events} events");
            bench.rates((&case, "disintegrate, stream"), events, async || stream(&store, events).await).await
        })
        .await
}

async fn stream(store: &Store, events: usize) -> anyhow::Result<()> {
    let (mut state, mut count) = (Account::default(), 0);
    let query = query!(AccountEvent);
    let mut stream = store.stream(&query);
    while let Some(StreamItem::Event(event)) = stream.try_next().await? {
        state.mutate(event.into_inner());
        count += 1;
    }
    ensure!(
        count == events && state.cents == cents_after(STORY) * (events / STORY) as i64,
        "{count} events, {} cents",
        state.cents
    );
    Ok(())
}

pub async fn rehydrate(bench: &mut Bench) -> anyhow::Result<()> {
    bench
        .database(POOL, async |bench, pool| {
            let store = open(&pool).await?;
            fill(&pool, bench.choose(100_000, 10_000)).await?;
            let plain = EventSourcedStateStore::new(store.clone(), NoSnapshot);
            let snapshotter = PgSnapshotter::try_new(pool.clone(), SNAPSHOTS).await?;
            let snapshots = EventSourcedStateStore::new(store.clone(), WithPgSnapshot::new(snapshotter));
            let mut accounts = Vec::new();
            for events in AGGREGATES {
                let mut account = Accounts::of(store.clone());
                account.append_all(story(account.account, 0, events)).await?;
                accounts.push(account);
            }
            raw_sql("VACUUM ANALYZE event").execute(&pool).await?;
            for account in accounts {
                bench.times(account.events, "disintegrate", async || loaded(&plain, &account).await).await?;
                // The first load keeps the snapshot.
                let subject = "disintegrate, snapshot";
                bench.times(account.events, subject, async || loaded(&snapshots, &account).await).await?;
            }
            Ok(())
        })
        .await
}

/// What `DecisionMaker::make` does before the decision.
async fn loaded<S>(
    store: &EventSourcedStateStore<PgEventId, AccountEvent, Store, S>,
    account: &Accounts,
) -> anyhow::Result<()>
where
    S: SnapshotConfig + Clone,
    EventSourcedStateStore<PgEventId, AccountEvent, Store, S>: LoadState<PgEventId, Account, AccountEvent>,
{
    let loaded = store.load(Account::of(account.account)).await.map_err(anyhow::Error::from_boxed)?;
    let cents = loaded.state().cents;
    ensure!(cents == cents_after(account.events), "{cents} cents after {} events", account.events);
    Ok(())
}

/// The read model, made as the documentation's example is: one statement an event, and the number of the event in the row,
/// because an event may come twice.
struct Balances {
    query: StreamQuery<PgEventId, AccountEvent>,
    pool: PgPool,
    /// So many events are still to come, and then the listener is to end.
    missing: AtomicUsize,
    complete: Arc<Notify>,
}

impl Balances {
    async fn in_database(pool: &PgPool, missing: usize) -> anyhow::Result<Self> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS balances (
                account uuid PRIMARY KEY,
                owner text NOT NULL,
                currency text NOT NULL,
                cents bigint NOT NULL,
                version bigint NOT NULL
            )",
        )
        .execute(pool)
        .await?;
        let (query, complete) = (query!(AccountEvent), Arc::default());
        Ok(Self { query, pool: pool.clone(), missing: missing.into(), complete })
    }

    async fn add(&self, account: Uuid, new: [&str; 2], cents: i64, version: PgEventId) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO balances (account, owner, currency, cents, version) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account) DO UPDATE SET cents = balances.cents + excluded.cents, version = excluded.version
             WHERE balances.version < excluded.version",
        )
        .bind(account)
        .bind(new[0])
        .bind(new[1])
        .bind(cents)
        .bind(version)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

#[async_trait]
impl EventListener<PgEventId, AccountEvent> for Balances {
    type Error = sqlx::Error;

    fn id(&self) -> &'static str {
        "balances"
    }

    fn query(&self) -> &StreamQuery<PgEventId, AccountEvent> {
        &self.query
    }

    async fn handle(&self, event: PersistedEvent<PgEventId, AccountEvent>) -> Result<(), sqlx::Error> {
        let version = event.id();
        match event.into_inner() {
            AccountEvent::AccountOpened { account, owner, currency, .. } => {
                self.add(account, [&owner, &currency], 0, version).await?;
            }
            AccountEvent::MoneyDeposited { account, cents } | AccountEvent::TransferReceived { account, cents, .. } => {
                self.add(account, ["", ""], cents, version).await?;
            }
            AccountEvent::TransferSent { account, cents, .. } => self.add(account, ["", ""], -cents, version).await?,
        }
        if self.missing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.complete.notify_one();
        }
        Ok(())
    }
}

/// Runs the listener as the documentation does, until it has had as many events as it misses.
async fn listen(store: &Store, balances: Balances) -> anyhow::Result<()> {
    let complete = balances.complete.clone();
    let config = PgEventListenerConfig::poller(POLL).with_notifier();
    let listener = PgEventListener::builder(store.clone()).register_listener(balances, config);
    let running = listener.start_with_shutdown(async move { complete.notified().await });
    Ok(tokio::time::timeout(Duration::from_secs(600), running).await.context("the listener does not end")??)
}

pub async fn projection(bench: &mut Bench) -> anyhow::Result<()> {
    let events = bench.choose(100_000, 10_000);
    bench
        .database(POOL, async |bench, pool| {
            let store = open(&pool).await?;
            Migrator::new(store.clone()).init_listener().await?;
            fill(&pool, events).await?;
            let case = format!("projection of {events} events into a table of balances");
            bench
                .rates((&case, "disintegrate, PgEventListener"), events, async || project(&store, &pool, events).await)
                .await
        })
        .await
}

/// The way that the documentation calls reprojection.
async fn project(store: &Store, pool: &PgPool, events: usize) -> anyhow::Result<()> {
    let balances = Balances::in_database(pool, events).await?;
    raw_sql("TRUNCATE balances; UPDATE event_listener SET last_processed_event_id = 0").execute(pool).await?;
    listen(store, balances).await?;
    let cents: Option<i64> = sqlx::query_scalar("SELECT sum(cents)::bigint FROM balances").fetch_one(pool).await?;
    ensure!(cents == Some(cents_after(STORY) * (events / STORY) as i64), "{cents:?} cents");
    Ok(())
}

pub async fn lag(bench: &mut Bench) -> anyhow::Result<()> {
    bench
        .database(POOL, async |bench, pool| {
            let store = open(&pool).await?;
            let balances = Balances::in_database(&pool, usize::MAX).await?;
            let complete = balances.complete.clone();
            let listener = tokio::spawn({
                let store = store.clone();
                async move { listen(&store, balances).await }
            });
            tokio::time::sleep(Duration::from_secs(1)).await; // by then it listens
            let mut account = Accounts::of(store);
            let id = account.account;
            account.append_all(story(id, 0, 1)).await?;
            let append =
                async || account.append_all(vec![AccountEvent::MoneyDeposited { account: id, cents: 1 }]).await;
            let shown = async || {
                let cents = sqlx::query_scalar("SELECT cents FROM balances WHERE account = $1").bind(id);
                Ok(cents.fetch_optional(&pool).await?.unwrap_or(0))
            };
            bench.lag("disintegrate", append, shown).await?;
            complete.notify_one();
            listener.await?
        })
        .await
}
