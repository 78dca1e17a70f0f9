//! What the measurements share: a server, events in it, and rows.
#![allow(dead_code, reason = "each program uses its own part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use event_sourcing::bank::{AccountEvent, Deposited, Opened};
use event_sourcing::{Append, EventStore, NewEvent, Sealed, StreamId, Version, connect, scope};
use opentelemetry::global;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::Postgres;
use uuid::Uuid;

/// How often each case is measured. The page shows the middle one, and the two outer ones.
pub const ROUNDS: usize = 5;

/// What the server of a measurement has in its memory; the rest is PostgreSQL's default.
pub const MEMORY: (&str, &str) = ("shared_buffers", "1GB");

/// A row: case, subject, and what the rounds came to.
pub struct Rows(Vec<Value>, BTreeMap<String, String>);

impl Rows {
    pub fn new() -> Self {
        let version = Command::new("postgres").arg("--version").output().ok();
        let version = version.and_then(|said| String::from_utf8(said.stdout).ok()).unwrap_or_default();
        let version = version.split_whitespace().nth(2).unwrap_or_default().to_owned();
        Self(Vec::new(), BTreeMap::from([("postgresql".to_owned(), version)]))
    }

    pub fn add(&mut self, case: &str, subject: &str, mut rounds: Vec<f64>) {
        rounds.sort_by(f64::total_cmp);
        let (low, value, high) = (rounds[0], rounds[rounds.len() / 2], rounds[rounds.len() - 1]);
        eprintln!("{case:<44} {subject:<32} {value:>12.1} [{low:.1}, {high:.1}]");
        self.0.push(json!({ "case": case, "subject": subject, "value": value, "low": low, "high": high }));
    }

    /// Of single times: the middle one, and what five of a hundred are below, and one of a hundred above.
    pub fn spread(&mut self, case: &str, subject: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let (low, value, high) = (at(0.05), at(0.5), at(0.99));
        eprintln!("{case:<44} {subject:<32} {value:>12.3} [{low:.3}, {high:.3}]");
        self.0.push(json!({ "case": case, "subject": subject, "value": value, "low": low, "high": high }));
    }

    /// Rows of the same cases stand together, whoever measured them.
    pub fn print(mut self) {
        let order: Vec<Value> = self.0.iter().map(|row| row["case"].clone()).collect();
        self.0.sort_by_key(|row| order.iter().position(|case| *case == row["case"]));
        println!("{}", json!({ "versions": self.1, "rows": self.0 }));
    }

    /// The peers measure the same cases in the same server: `versus/rust`, a workspace of its own, because it needs another
    /// version of sqlx.
    pub fn peers(&mut self, what: &str, server: &Postgres, more: &[&str]) -> anyhow::Result<()> {
        let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("versus/rust/Cargo.toml");
        let mut cargo = Command::new("cargo");
        cargo.args(["run", "--release", "--locked", "--quiet", "--manifest-path"]).arg(manifest).args(["--", what]);
        cargo.arg(server.url("postgres")).args(more).args(quick().then_some("--quick"));
        let said = cargo.stderr(std::process::Stdio::inherit()).output().context("cargo cannot be run")?;
        ensure!(said.status.success(), "versus/rust {what} failed");
        let answer: Value = serde_json::from_slice(&said.stdout).context("versus/rust prints rows")?;
        for (name, version) in answer["versions"].as_object().into_iter().flatten() {
            self.1.insert(name.clone(), version.as_str().unwrap_or_default().to_owned());
        }
        for row in answer["rows"].as_array().into_iter().flatten() {
            eprintln!("{} {} {}", row["case"], row["subject"], row["value"]);
            self.0.push(row.clone());
        }
        Ok(())
    }
}

/// Whether a first look is enough.
pub fn quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// An empty store in a database of its own.
pub async fn store(server: &Postgres, connections: u32) -> anyhow::Result<(EventStore, PgConnectOptions)> {
    let options: PgConnectOptions = server.url("postgres").parse()?;
    let name = format!("bank_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect_with(&options).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let options = options.database(&name);
    let pool = connect(options.clone(), connections).await?;
    EventStore::migrate(&pool).await?;
    Ok((EventStore::new(pool, &global::meter_with_scope(scope())), options))
}

/// A deposit, which most events of a bank are.
pub fn deposit(cents: i64) -> NewEvent {
    NewEvent::of(&AccountEvent::Deposited(Deposited { cents })).expect("plain data")
}

/// The first event of an account.
pub fn opening() -> NewEvent {
    let name: Sealed = serde_json::from_value(json!("c2VhbGVkLXNlYWxlZC1zZWFsZWQtc2VhbGVk")).expect("a text");
    let opened = Opened { owner: Uuid::from_u128(1).to_string(), name, currency: "EUR".into() };
    NewEvent::of(&AccountEvent::Opened(opened)).expect("plain data")
}

/// As many events, a hundred for each account.
pub async fn fill(store: &EventStore, events: usize) -> anyhow::Result<()> {
    for account in 0..events / 100 {
        let stream = StreamId::new("account", Uuid::from_u128(account as u128));
        let story = std::iter::once(opening()).chain((1..100).map(deposit)).collect();
        store.append(Append::to(stream, Version::NONE, story)).await?;
    }
    sqlx::query("VACUUM ANALYZE events").execute(store.pool()).await?;
    Ok(())
}

/// Times `work`.
pub async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, Duration)> {
    let began = Instant::now();
    let done = work.await?;
    Ok((done, began.elapsed()))
}
