//! What both peers share: databases, cases, clocks, and rows. Cases, rounds and pauses are those of the chapter's programs
//! in `examples/`.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, raw_sql};
use tokio::task::JoinSet;
use uuid::Uuid;

/// How often each case is measured.
const ROUNDS: usize = 5;

/// The pool where a case does not say how large: both peers document ten.
pub const POOL: u32 = 10;

/// So many events has an account, unless the case is about something else. The first opens it, and event `n` after it
/// brings `n` cents.
pub const STORY: usize = 100;

/// How many events in one append, and on how many connections.
const APPENDS: [(&str, usize, u32); 5] = [
    ("one event, 1 connection", 1, 1),
    ("one event, 4 connections", 1, 4),
    ("one event, 16 connections", 1, 16),
    ("batches of 100, 1 connection", 100, 1),
    ("batches of 100, 4 connections", 100, 4),
];

/// How many events has what is loaded.
pub const AGGREGATES: [usize; 4] = [10, 100, 1_000, 10_000];

/// The server, and what was measured in it.
pub struct Bench {
    server: PgConnectOptions,
    quick: bool,
    fsync: String,
    case: Option<String>,
    rows: Vec<Value>,
}

/// Who appends on one connection.
pub trait Writer: Clone + Send + 'static {
    /// Appends so many events to an account of its own, with what the store checks against others. After [`STORY`] events it
    /// takes a new account.
    fn append(&mut self, events: usize) -> impl Future<Output = anyhow::Result<()>> + Send;
}

impl Bench {
    /// The word that says what to measure, and where.
    pub async fn from_arguments() -> anyhow::Result<(String, Self)> {
        let mut arguments = std::env::args().skip(1);
        let what = arguments.next().context("what is to be measured?")?;
        let server: PgConnectOptions = arguments.next().context("where is the server?")?.parse()?;
        let mut connection = PgConnection::connect_with(&server).await?;
        let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await?;
        let mut bench = Self { server, quick: false, fsync, case: None, rows: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => bench.quick = true,
                "--fsync" => ensure!(arguments.next().as_ref() == Some(&bench.fsync), "fsync is {}", bench.fsync),
                "--case" => bench.case = Some(arguments.next().context("which case?")?),
                other => anyhow::bail!("{other}?"),
            }
        }
        Ok((what, bench))
    }

    /// One or the other.
    pub fn choose<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Does `work` in a new database, and removes it.
    pub async fn database<T>(
        &mut self,
        connections: u32,
        work: impl AsyncFnOnce(&mut Self, PgPool) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let name = format!("peer_{}", Uuid::new_v4().simple());
        let mut server = PgConnection::connect_with(&self.server).await?;
        raw_sql(&format!("CREATE DATABASE {name}")).execute(&mut server).await?;
        let pool = PgPoolOptions::new().max_connections(connections);
        let pool = pool.connect_with(self.server.clone().database(&name)).await?;
        let done = work(self, pool.clone()).await;
        pool.close().await;
        raw_sql(&format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut server).await?;
        done
    }

    /// Appends. `open` makes tables in an empty database, and the first of the writers.
    pub async fn append<W: Writer>(
        &mut self,
        subject: &str,
        open: impl AsyncFn(PgPool) -> anyhow::Result<W>,
    ) -> anyhow::Result<()> {
        for (case, batch, connections) in APPENDS {
            if self.case.as_ref().is_some_and(|only| only != case) {
                continue;
            }
            self.database(connections, async |bench, pool| {
                let writer = open(pool).await?;
                let round = bench.choose(Duration::from_secs(2), Duration::from_millis(300));
                appended(&writer, batch, connections, round / 4).await?; // warms up
                let mut rates = Vec::new();
                for _ in 0..bench.choose(ROUNDS, 3) {
                    let began = Instant::now();
                    let events = appended(&writer, batch, connections, round).await?;
                    rates.push(events as f64 / began.elapsed().as_secs_f64());
                }
                bench.add(&format!("{case}, fsync {}", bench.fsync), subject, rates);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Events a second of `work`, which is done once more, first, to warm up.
    pub async fn rates(
        &mut self,
        (case, subject): (&str, &str),
        events: usize,
        work: impl AsyncFn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut rates = Vec::new();
        for _ in 0..=self.choose(ROUNDS, 3) {
            let began = Instant::now();
            work().await?;
            rates.push(events as f64 / began.elapsed().as_secs_f64());
        }
        self.add(case, subject, rates.split_off(1));
        Ok(())
    }

    /// Microseconds of one `load` of so many events, on average in each round.
    pub async fn times(
        &mut self,
        events: usize,
        subject: &str,
        load: impl AsyncFn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let loads = self.choose(200_000 / events.max(200), 20);
        let mut times = Vec::new();
        for _ in 0..=ROUNDS {
            let began = Instant::now();
            for _ in 0..loads {
                load().await?;
            }
            times.push(began.elapsed().as_secs_f64() * 1e6 / loads as f64);
        }
        self.add(&format!("an aggregate of {events} events"), subject, times.split_off(1)); // the first warms up
        Ok(())
    }

    /// Milliseconds from before `append`, which brings one cent, until `shown` says that the read model has it.
    pub async fn lag(
        &mut self,
        subject: &str,
        mut append: impl AsyncFnMut() -> anyhow::Result<()>,
        shown: impl AsyncFn() -> anyhow::Result<i64>,
    ) -> anyhow::Result<()> {
        let mut lags = Vec::new();
        for cents in 1..=self.choose(220, 20) {
            tokio::time::sleep(Duration::from_millis(20)).await; // everybody sleeps
            let began = Instant::now();
            append().await?;
            while shown().await? < cents {
                ensure!(began.elapsed() < Duration::from_secs(60), "{subject} does not show cent {cents}");
            }
            lags.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let mut lags = lags.split_off(lags.len() / 11); // the first warm up
        lags.sort_by(f64::total_cmp);
        let at = |share: f64| lags[((lags.len() - 1) as f64 * share).round() as usize];
        self.row("append to read model", subject, [at(0.5), at(0.05), at(0.99)]);
        Ok(())
    }

    fn add(&mut self, case: &str, subject: &str, mut rounds: Vec<f64>) {
        rounds.sort_by(f64::total_cmp);
        self.row(case, subject, [rounds[rounds.len() / 2], rounds[0], rounds[rounds.len() - 1]]);
    }

    fn row(&mut self, case: &str, subject: &str, [value, low, high]: [f64; 3]) {
        eprintln!("{case:<44} {subject:<32} {value:>12.3} [{low:.3}, {high:.3}]");
        self.rows.push(json!({ "case": case, "subject": subject, "value": value, "low": low, "high": high }));
    }

    /// The answer.
    pub fn print(self) {
        let versions: serde_json::Map<String, Value> = ["disintegrate-postgres", "postgres-es"]
            .map(|name| (name.to_owned(), version(name).into()))
            .into_iter()
            .collect();
        println!("{}", json!({ "versions": versions, "rows": self.rows }));
    }
}

/// How many events come in, in a round.
async fn appended<W: Writer>(first: &W, batch: usize, connections: u32, round: Duration) -> anyhow::Result<usize> {
    let end = Instant::now() + round;
    let mut writers = JoinSet::new();
    for _ in 0..connections {
        let mut writer = first.clone();
        writers.spawn(async move {
            let mut events = 0;
            while Instant::now() < end {
                writer.append(batch).await?;
                events += batch;
            }
            anyhow::Ok(events)
        });
    }
    writers.join_all().await.into_iter().sum()
}

/// What is on an account after so many events.
pub fn cents_after(events: usize) -> i64 {
    (0..events as i64).sum()
}

/// What was built.
fn version(name: &str) -> String {
    let mut lines = include_str!("../Cargo.lock").lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1).and_then(|line| line.split('"').nth(1));
    version.unwrap_or_default().to_owned()
}
