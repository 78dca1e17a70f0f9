//! A whole service: it answers requests, calls another service, works in the background, and loses nothing on SIGTERM.

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use opentelemetry::metrics::{Counter, Meter};
use telemetry::http::{ClientLayer, ClientService, Server, trace};
use telemetry::{Telemetry, scope, shutdown_signal};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt};
use tracing::{Instrument, info, info_span, warn};

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("orders").version(env!("CARGO_PKG_VERSION")).install()?;
    let runtime = Runtime::new()?;
    let result = runtime.block_on(serve(&telemetry));
    runtime.shutdown_timeout(Duration::from_secs(1)); // drops what is still under way: its spans end here
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}"); // no reason to fail
    }
    result
}
// ANCHOR_END: main

// ANCHOR: serve
/// From the first request to the last. What stops first is what makes work for the others.
async fn serve(telemetry: &Telemetry) -> anyhow::Result<()> {
    let (router, drain) = (router(&telemetry.meter(scope("orders", env!("CARGO_PKG_VERSION"))))?, drain()?);
    let (stop, stopped) = watch::channel(());
    let background = tokio::spawn(tidy_up(stopped));

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on {}", listener.local_addr()?);
    let (serving, asked_to_stop) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        shutdown_signal().await.unwrap_or_else(|error| warn!(%error, "no signals"));
        drop(serving);
    });
    let end_of_the_drain = async {
        let _ = asked_to_stop.await; // an error: the other half is dropped
        sleep(drain).await;
    };
    tokio::select! {
        ended = server => ended?,
        () = end_of_the_drain => warn!(name: "drain.cut", "requests are still under way after {drain:?}"),
    }

    drop(stop); // the background task sees that nobody is there any more
    match timeout(drain, background).await {
        Ok(ended) => ended?,
        Err(_) => warn!(name: "background.cut", "the background task is still at work after {drain:?}"),
    }
    Ok(())
}
// ANCHOR_END: serve

/// `DRAIN_MS`: how long the last requests may take, and then the background task, in milliseconds. Default: ten seconds,
/// longer than a call to the stock, and with the five of telemetry below the thirty that Kubernetes grants.
fn drain() -> anyhow::Result<Duration> {
    let asked = std::env::var("DRAIN_MS").map_or(Ok(10_000), |asked| asked.parse());
    Ok(Duration::from_millis(asked.context("DRAIN_MS: a number of milliseconds")?))
}

// ANCHOR: router
/// What is served, and what it needs. A call has a bound, and the drain a longer one.
fn router(meter: &Meter) -> anyhow::Result<Router> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
    let shop = Shop {
        stock: std::env::var("STOCK_URL").context("STOCK_URL: where the stock is asked")?,
        client: ClientLayer::new(meter).layer(client),
        accepted: meter.u64_counter("order.accepted").with_unit("{order}").build(),
    };
    Ok(Router::new()
        .route("/orders/{id}", post(order))
        .layer(from_fn_with_state(Server::new(meter), trace))
        .with_state(shop))
}
// ANCHOR_END: router

// ANCHOR: work
/// What a handler needs.
#[derive(Clone)]
struct Shop {
    stock: String,
    client: ClientService<reqwest::Client>,
    accepted: Counter<u64>,
}

/// The middleware has made the span of the request; the client makes one for the call.
async fn order(State(shop): State<Shop>, Path(id): Path<u32>) -> Result<&'static str, StatusCode> {
    let url = format!("{}/stock/{id}", shop.stock).parse().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let answer = shop.client.oneshot(request).await.map_err(|error| {
        warn!(name: "order.refused", { exception.message = %error }, "the stock does not answer");
        StatusCode::BAD_GATEWAY
    })?;
    if !answer.status().is_success() {
        return Err(StatusCode::CONFLICT);
    }
    shop.accepted.add(1, &[]);
    info!(name: "order.accepted", { order.id = id }, "accepted");
    Ok("accepted")
}

/// Works until `stopped`. A round has a trace of its own: one that lasts as long as the process is never seen.
async fn tidy_up(mut stopped: watch::Receiver<()>) {
    let mut rounds = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = rounds.tick() => async { info!("tidy") }.instrument(info_span!(parent: None, "tidy up")).await,
            _ = stopped.changed() => return,
        }
    }
}
// ANCHOR_END: work
