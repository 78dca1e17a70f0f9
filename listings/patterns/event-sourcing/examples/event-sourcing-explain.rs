//! How PostgreSQL runs each hot query, over a hundred thousand events. What depends on the moment is left out: times, and the
//! planner's own reads.

mod measure;

use event_sourcing::Position;
use measure::{fill, store};
use sqlx::{AssertSqlSafe, Executor, Row};
use testkit::Postgres;

/// Each query, and values for its parameters. The one that writes comes last: what it leaves behind, the others would read.
const HOT: [(&str, &str, &str); 5] = [
    ("stream.sql", include_str!("../queries/stream.sql"), "'account-00000000-0000-0000-0000-000000000007', 90"),
    ("page.sql", include_str!("../queries/page.sql"), "MIDDLE, 500"),
    ("matching.sql", include_str!("../queries/matching.sql"), "'{owner:ann}', '{account_opened}', 0"),
    ("head.sql", include_str!("../queries/head.sql"), ""),
    (
        "append.sql",
        include_str!("../queries/append.sql"),
        "'{account-new}', '{0}', '{6fa459ea-ee8a-4ca4-894e-db77e160355e}', '{account-new}', '{1}', '{money_deposited}', '{1}', '{\"5\"}', '{\"\"}', '{}'",
    ),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Postgres::start(&[("fsync", "off"), ("autovacuum", "off")]);
    let (store, _) = store(&server, 1).await?;
    fill(&store, 100_000).await?;
    // Until nothing is under way any more, and all of it is visible to everybody.
    let visible = "SELECT relallvisible = relpages FROM pg_class WHERE relname = 'events'";
    while !sqlx::query_scalar::<_, bool>(visible).fetch_one(store.pool()).await? {
        sqlx::query("VACUUM events").execute(store.pool()).await?;
    }
    // In the middle of all of them.
    let middle = store.page(Position::START, 50_000).await?.last().map_or(Position::START, |event| event.position);
    let mut connection = store.pool().acquire().await?;
    // As a prepared statement is run from its sixth time on: one plan for any values.
    connection.execute("SET plan_cache_mode = force_generic_plan").await?;
    for (name, query, values) in HOT {
        println!("{name}");
        connection.execute(AssertSqlSafe(format!("PREPARE hot AS {query}"))).await?;
        let values = values.replace("MIDDLE", &format!("{}, {}", middle.transaction, middle.number));
        let execute = if values.is_empty() { "EXECUTE hot".to_owned() } else { format!("EXECUTE hot ({values})") };
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off, SUMMARY off) {execute}");
        let mut lines = Vec::new();
        for _ in 0..2 {
            connection.execute("BEGIN").await?;
            lines = connection.fetch_all(AssertSqlSafe(explain.clone())).await?; // the first warms up
            connection.execute("ROLLBACK").await?;
        }
        let lines = lines.iter().map(|line| line.get::<String, _>(0));
        lines.take_while(|line| !line.starts_with("Planning")).for_each(|line| println!("  {line}"));
        println!();
        connection.execute("DEALLOCATE hot").await?;
    }
    Ok(())
}
