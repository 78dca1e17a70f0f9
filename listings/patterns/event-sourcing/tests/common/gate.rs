//! Holds statements up, at a known place, for as long as a test needs.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::Bank;

/// Who comes to it waits until it is opened. It writes nothing, so it holds back no reader.
pub struct Gate(PgConnection);

impl Gate {
    /// In an append: in front of the lock of a tag of [`tagged`](super::tagged), at the insert, or at the commit.
    pub async fn at(bank: &Bank, place: &str) -> Self {
        match place {
            "tag" => Self::at_tag(bank, "owner:ann").await,
            "insert" => Self::at_insert(bank, "events").await,
            _ => Self::at_commit(bank, "events").await,
        }
    }

    /// In front of the lock that appends with this tag take.
    pub async fn at_tag(bank: &Bank, tag: &str) -> Self {
        Self::lock(bank, &format!("hashtextextended('{tag}', 0)")).await
    }

    /// In front of each row that is inserted into a table.
    pub async fn at_insert(bank: &Bank, table: &str) -> Self {
        let gate = Self::build(bank).await;
        Self::widen(bank, table).await;
        gate
    }

    /// And of another table.
    pub async fn widen(bank: &Bank, table: &str) {
        trigger(bank, &format!("CREATE TRIGGER gate BEFORE INSERT ON {table}")).await;
    }

    /// At the commit of transactions that have inserted into a table.
    pub async fn at_commit(bank: &Bank, table: &str) -> Self {
        let gate = Self::build(bank).await;
        trigger(bank, &format!("CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"))
            .await;
        gate
    }

    /// No limit of the connection ends the wait, except that of the statement.
    async fn build(bank: &Bank) -> Self {
        let function = "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$";
        bank.pool().execute(function).await.unwrap();
        Self::lock(bank, "7").await
    }

    async fn lock(bank: &Bank, number: &str) -> Self {
        let mut holder = bank.connection().await;
        holder.execute(AssertSqlSafe(format!("SELECT pg_advisory_lock({number})"))).await.unwrap();
        Self(holder)
    }

    /// Returns when so many stand in front of the gates of this database; their processes.
    pub async fn waiting(&mut self, count: usize) -> Vec<i32> {
        let question = "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted";
        let began = Instant::now();
        loop {
            let rows = sqlx::query(question).fetch_all(&mut self.0).await.unwrap();
            if rows.len() == count {
                return rows.iter().map(|row| row.get(0)).collect();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{} wait, and not {count}", rows.len());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends one of those who wait, as an operator would.
    pub async fn turn_away(&mut self, process: i32) {
        sqlx::query("SELECT pg_terminate_backend($1)").bind(process).execute(&mut self.0).await.unwrap();
    }

    pub async fn open(self) {
        self.0.close().await.unwrap();
    }
}

async fn trigger(bank: &Bank, trigger: &str) {
    let trigger = format!("{trigger} FOR EACH ROW EXECUTE FUNCTION gate()");
    bank.pool().execute(AssertSqlSafe(trigger)).await.unwrap();
}
