//! What a database says of the queries of a listing: their parameters and columns. The macros of sqlx check the code against
//! it, so that no build needs a database. `cargo xtask queries` runs this for all listings.
//!
//! `testkit-queries FOLDER` writes `FOLDER/.sqlx`, from `FOLDER/migrations` and `FOLDER/queries`; with `--check` it compares.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};
use testkit::Postgres;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("which folder?")?);
    let check = match arguments.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("{other:?} is not understood; expected --check, or nothing"),
    };
    let said = ask(&folder).await?;
    let kept = folder.join(".sqlx");
    if check { compare(&kept, &said) } else { write(&kept, &said) }
}

/// The files of `.sqlx`, by name.
async fn ask(folder: &Path) -> anyhow::Result<BTreeMap<String, Value>> {
    let server = Postgres::start(&[("fsync", "off")]);
    let mut database = PgConnection::connect(&server.url("postgres")).await?;
    Migrator::new(folder.join("migrations")).await?.run(&mut database).await?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder.join("queries"))? {
        let path = entry?.path();
        let query = fs::read_to_string(&path)?;
        let describe = database.describe(AssertSqlSafe(query.clone()).into_sql_str()).await;
        let describe = describe.with_context(|| path.display().to_string())?;
        let hash = Sha256::digest(query.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let file = json!({ "db_name": "PostgreSQL", "query": query, "describe": describe, "hash": hash });
        files.insert(format!("query-{hash}.json"), file);
    }
    Ok(files)
}

fn write(kept: &Path, said: &BTreeMap<String, Value>) -> anyhow::Result<()> {
    fs::create_dir_all(kept)?;
    for entry in fs::read_dir(kept)? {
        fs::remove_file(entry?.path())?;
    }
    for (name, file) in said {
        fs::write(kept.join(name), serde_json::to_string_pretty(file)? + "\n")?;
    }
    Ok(())
}

fn compare(kept: &Path, said: &BTreeMap<String, Value>) -> anyhow::Result<()> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(kept).with_context(|| format!("{} is missing", kept.display()))? {
        let entry = entry?;
        let file: Value = serde_json::from_str(&fs::read_to_string(entry.path())?)?;
        found.insert(entry.file_name().to_string_lossy().into_owned(), file);
    }
    let wrong = said.iter().find(|(name, file)| found.get(*name) != Some(*file)).map(|(_, file)| file["query"].clone());
    let left = found.keys().find(|name| !said.contains_key(*name));
    ensure!(
        wrong.is_none(),
        "the database says something else now; `cargo xtask queries` writes it: {}",
        wrong.unwrap_or_default()
    );
    ensure!(left.is_none(), "{left:?} is of no query; `cargo xtask queries` removes it");
    Ok(())
}
