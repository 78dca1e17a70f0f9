//! From an environment to a clean end.

use std::future::Future;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, bail};
use opentelemetry::metrics::Meter;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Config, api};
use crate::bank::{Balances, Statement};
use crate::outbox::Outbox;
use crate::pool::connect;
use crate::projection::Projection;
use crate::store::EventStore;
use crate::subscription::{Subscription, SubscriptionError};

/// How long requests that are under way may take once the program has been told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How often something that has stopped says how far behind it is.
const STOPPED: Duration = Duration::from_secs(1);

/// Brings the database up to date: a job of the deployment, once, before the replicas start.
///
/// # Errors
///
/// When the database does not answer, or is newer than this program.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    // Without the limits of the service: an index over all events takes as long as it takes.
    let pool = PgPool::connect_with(config.database).await.context("the database does not answer")?;
    EventStore::migrate(&pool).await.context("the database cannot be brought up to date")
}

/// Makes a read model anew: a job of the owner of its tables, while the replicas go on.
///
/// # Errors
///
/// When there is none of this name, or it cannot be made.
pub async fn rebuild(config: Config, meter: &Meter, name: &str) -> anyhow::Result<()> {
    const BALANCES: &str = Balances::NAME;
    const STATEMENT: &str = Statement::NAME;
    if ![BALANCES, STATEMENT].contains(&name) {
        bail!("{name:?} is no read model; expected {BALANCES} or {STATEMENT}");
    }
    // With the limits of the service: all that it does, it does in small pieces.
    let pool = connect(config.database, config.connections).await.context("the database does not answer")?;
    let store = EventStore::new(pool, meter);
    store.verify().await?;
    let events = match name {
        BALANCES => crate::rebuild(Subscription::new(store.clone(), Balances::of(&store))).await?,
        _ => crate::rebuild(Subscription::new(store.clone(), Statement::of(&store))).await?,
    };
    tracing::info!(name: "projection.rebuilt", { projection.name = name }, "made anew from {events} events");
    Ok(())
}

// ANCHOR: run
/// Serves customers and keeps the read models, until SIGTERM.
///
/// # Errors
///
/// When the database does not answer at the start, the port is taken, or an event cannot be applied.
pub async fn run(config: Config, meter: &Meter) -> anyhow::Result<()> {
    let pool = connect(config.database, config.connections).await.context("the database does not answer")?;
    let store = EventStore::new(pool, meter);
    store.verify().await?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, config.port)).await;
    let listener = listener.with_context(|| format!("cannot listen on port {}; is PORT taken?", config.port))?;
    tracing::info!(name: "server.listening", { server.port = listener.local_addr()?.port() }, "listening");

    let stop = CancellationToken::new();
    let customers = axum::serve(listener, api::router(store.clone(), meter));
    let customers = customers.with_graceful_shutdown(stop.clone().cancelled_owned());
    let balances = Subscription::new(store.clone(), Balances::of(&store));
    let statement = Subscription::new(store.clone(), Statement::of(&store));
    let outbox = config.broker.map(|broker| Outbox::new(store, broker, config.stream));
    let all = async {
        tokio::try_join!(
            async { customers.await.context("the listening socket failed") },
            part("balances", &stop, balances.run(stop.cancelled()), async || balances.report().await),
            part("statement", &stop, statement.run(stop.cancelled()), async || statement.report().await),
            async {
                match &outbox {
                    Some(outbox) => {
                        part("outbox", &stop, outbox.run(stop.cancelled()), async || outbox.report().await).await
                    }
                    None => Ok(()),
                }
            },
            async {
                telemetry::shutdown_signal().await?;
                stop.cancel();
                Ok(())
            },
        )
    };
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = all => result.map(drop),
        () = deadline => {
            tracing::warn!(name: "server.drain.cut", "requests were still under way; they end here");
            Ok(())
        }
    }
}
// ANCHOR_END: run

// ANCHOR: part
/// One that cannot go on does not take the others with it: customers are still served, from a read model that stands still. The
/// error in the log and the lag, which is still reported, call somebody.
async fn part<E>(
    name: &str,
    stop: &CancellationToken,
    running: impl Future<Output = Result<(), SubscriptionError>>,
    report: impl AsyncFn() -> Result<(), E>,
) -> anyhow::Result<()> {
    if let Err(error) = running.await {
        tracing::error!(
            name: "projection.stopped",
            { projection.name = name, exception.message = %error },
            "a projection cannot go on"
        );
        while stop.run_until_cancelled(tokio::time::sleep(STOPPED)).await.is_some() {
            report().await.ok(); // it says no more than how far it is behind, and the next one comes soon
        }
    }
    Ok(())
}
// ANCHOR_END: part
