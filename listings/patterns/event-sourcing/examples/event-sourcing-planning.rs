//! What an append costs inside PostgreSQL: making a plan and following it, in microseconds, from `pg_stat_statements`.
//! `cargo xtask bench patterns/event-sourcing` runs it and keeps the rows.

mod measure;

use measure::{MEMORY, ROUNDS, Rows, store};
use testkit::Postgres;
use uuid::Uuid;

/// Appends in a round.
const APPENDS: i64 = 5_000;

/// The same statement in two forms: as it was first, and as it is.
const FORMS: [(&str, &str); 2] = [
    (
        "WITH expected",
        "WITH expected AS (
            SELECT bool_and(e.version = coalesce((SELECT max(version) FROM events WHERE stream = e.stream), 0)) AS met
            FROM unnest($1::text[], $2::bigint[]) AS e (stream, version)
        )
        INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        SELECT n.id, n.stream, n.version, n.kind, n.schema, n.data::json, $10::text::json, string_to_array(n.tags, ' ')
        FROM expected, unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::smallint[], $8::text[], $9::text[])
            WITH ORDINALITY AS n (id, stream, version, kind, schema, data, tags, place)
        WHERE expected.met
        ORDER BY n.place
        RETURNING transaction, position",
    ),
    ("WHERE NOT EXISTS", include_str!("../queries/append.sql")),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let preload = ("shared_preload_libraries", "pg_stat_statements");
    let server = Postgres::start(&[MEMORY, ("fsync", "off"), preload, ("pg_stat_statements.track_planning", "on")]);
    let (store, _) = store(&server, 2).await?;
    sqlx::query("CREATE EXTENSION pg_stat_statements").execute(store.pool()).await?;
    let mut rows = Rows::new();
    for (subject, statement) in FORMS {
        let (mut planning, mut execution) = (Vec::new(), Vec::new());
        for _ in 0..=ROUNDS {
            sqlx::query("SELECT pg_stat_statements_reset()").execute(store.pool()).await?;
            let stream = format!("account-{}", Uuid::new_v4());
            for version in 0..APPENDS {
                let append = sqlx::query(statement).bind([&stream]).bind([version]).bind([Uuid::now_v7()]);
                let append = append.bind([&stream]).bind([version + 1]).bind(["money_deposited"]).bind([1_i16]);
                append.bind([r#"{"cents":5}"#]).bind([""]).bind("{}").fetch_all(store.pool()).await?;
            }
            let times = "SELECT total_plan_time * 1000 / calls, mean_exec_time * 1000 FROM pg_stat_statements
                WHERE query LIKE '%INSERT INTO events%'";
            let (plan, run): (f64, f64) = sqlx::query_as(times).fetch_one(store.pool()).await?;
            planning.push(plan);
            execution.push(run);
        }
        rows.add("planning, for each append", subject, planning.split_off(1)); // the first warms up
        rows.add("execution, for each append", subject, execution.split_off(1));
    }
    rows.print();
    Ok(())
}
