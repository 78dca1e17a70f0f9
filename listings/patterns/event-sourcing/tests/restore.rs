//! A backup is what was restored from it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Bank, Said, say};
use event_sourcing::{EventStore, Position, VerifyError, connect, scope};
use sqlx::Executor;
use testkit::Postgres;

/// Runs one of PostgreSQL's programs.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn store(bank: &Bank, server: &Postgres) -> EventStore {
    let pool = connect(server.url("bank").parse().unwrap(), 4).await.unwrap();
    EventStore::new(pool, &bank.telemetry.meter(scope()))
}

async fn numbers(store: &EventStore) -> Vec<i64> {
    let page = store.page(Position::START, 1_000).await.unwrap();
    page.iter().map(|event| event.decode::<Said>().unwrap().0).collect()
}

// ANCHOR: pitr
#[tokio::test]
async fn a_backup_and_the_log_bring_back_every_event_up_to_a_moment() {
    let archive = tempfile::tempdir().unwrap();
    std::process::Command::new("chmod").arg("777").arg(archive.path()).status().unwrap();
    let keep = format!("cp %p {}/%f", archive.path().display());
    let server = Postgres::start(&[("fsync", "off"), ("archive_mode", "on"), ("archive_command", &keep)]);
    let bank = Bank::on(server.url("postgres").parse().unwrap(), "bank").await;
    for number in 0..10 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    let backup = |data: &Path| {
        let mut backup = Postgres::program("pg_basebackup");
        run(backup.args(["--checkpoint=fast", "--dbname", &server.url("postgres"), "--pgdata"]).arg(data));
    };
    let restored = {
        let settings = [
            ("restore_command", &*format!("cp {}/%f %p", archive.path().display())),
            ("recovery_target_name", "before the mistake"),
            ("recovery_target_action", "promote"),
            ("fsync", "off"),
        ];
        let copy = tempfile::tempdir().unwrap();
        std::process::Command::new("chmod").arg("777").arg(copy.path()).status().unwrap();
        let base = copy.path().join("base");
        backup(&base); // of ten events; the log has the others
        for number in 10..20 {
            say(&bank.store, "a", number, number).await.unwrap();
        }
        bank.pool().execute("SELECT pg_create_restore_point('before the mistake')").await.unwrap();
        say(&bank.store, "a", 20, 666).await.unwrap();
        bank.pool().execute("SELECT pg_switch_wal()").await.unwrap();
        server.stop(); // which archives what is left
        Postgres::with(&settings, |data| {
            run(Postgres::program("cp").arg("-a").arg(&base).arg(data));
            run(Postgres::program("touch").arg(data.join("recovery.signal")));
        })
    };
    let after = store(&bank, &restored).await;
    assert_eq!(numbers(&after).await, (0..20).collect::<Vec<_>>(), "all that came before the mistake");
    let last = after.head().await.unwrap();
    let next = say(&after, "a", 20, 20).await.unwrap();
    assert!(next.position > last, "and the order goes on");
}
// ANCHOR_END: pitr

// ANCHOR: logical
/// A dump of a server that has seen many transactions, in one that has seen none.
async fn dumped_and_restored(bank: &Bank, old: &Postgres) -> Postgres {
    for number in 0..10 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.sql");
    let output = Postgres::program("pg_dump").args(["--dbname", &old.url("bank")]).output().unwrap();
    std::fs::write(&dump, output.stdout).unwrap();
    let new = Postgres::start(&[("fsync", "off")]);
    run(Command::new("psql").args(["-q", "-c", "CREATE DATABASE bank", &new.url("postgres")]));
    run(Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&dump).arg(new.url("bank")));
    new
}

/// A server that has been at work for some time.
async fn old_server() -> (Postgres, Bank) {
    let server = Postgres::start(&[("fsync", "off")]);
    let bank = Bank::on(server.url("postgres").parse().unwrap(), "bank").await;
    for _ in 0..2_000 {
        bank.pool().execute("SELECT pg_current_xact_id()").await.unwrap();
    }
    (server, bank)
}

#[tokio::test]
async fn symptom_after_a_logical_restore_no_subscription_sees_an_event() {
    let (old, bank) = old_server().await;
    let new = dumped_and_restored(&bank, &old).await;
    let store = store(&bank, &new).await;
    assert!(store.head().await.unwrap() > Position::START, "the events are there");
    assert!(numbers(&store).await.is_empty(), "their transactions lie in the future of this server");
    assert!(matches!(store.verify().await, Err(VerifyError::WrongServer { .. })), "and the service does not start");
}

#[tokio::test]
async fn after_the_counter_is_advanced_everything_is_seen_again() {
    let (old, bank) = old_server().await;
    let new = dumped_and_restored(&bank, &old).await;
    new.stop();
    run(Postgres::program("pg_resetwal").args(["--epoch=1", "--pgdata"]).arg(new.data()));
    new.resume();
    let store = store(&bank, &new).await;
    store.verify().await.unwrap();
    assert_eq!(numbers(&store).await, (0..10).collect::<Vec<_>>());
    let last = store.head().await.unwrap();
    assert!(say(&store, "a", 10, 10).await.unwrap().position > last, "and the order goes on");
}
// ANCHOR_END: logical
