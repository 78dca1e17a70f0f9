//! A service under load, with one signal after the other switched on.
//!
//! The service is a process of its own, so its processor time is its own: neither the client's nor the collector's,
//! which both live in the process that measures.

use std::io;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path};
use axum::routing::{get, post};
use axum::{Router, middleware};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::queue::Rate;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A process or a socket.
    #[error("the service or its network: {0}")]
    Io(#[from] io::Error),
    /// A request without an answer, or with an error for one.
    #[error("a request: {0}")]
    Request(#[from] reqwest::Error),
    /// A setting that cannot work.
    #[error("the service's telemetry: {0}")]
    Telemetry(#[from] telemetry::InitError),
    /// What the service said instead.
    #[error("the service did not answer as it should: {0}")]
    Answer(String),
}

/// One way to run the service.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// What is switched on.
    pub name: &'static str,
    /// The environment that switches it on.
    pub variables: &'static [(&'static str, &'static str)],
    /// What is asked for.
    pub path: &'static str,
}

const fn setup(name: &'static str, variables: &'static [(&'static str, &'static str)]) -> Setup {
    Setup { name, variables, path: "/orders/42" }
}

const RATIO: (&str, &str) = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
const NO_TRACES: (&str, &str) = ("OTEL_TRACES_EXPORTER", "none");
const NO_METRICS: (&str, &str) = ("OTEL_METRICS_EXPORTER", "none");
const NO_LOGS: (&str, &str) = ("OTEL_LOGS_EXPORTER", "none");
const OFF: (&str, &str) = ("OTEL_SDK_DISABLED", "true");

// ANCHOR: setups
/// From nothing to everything. What differs is the environment, and for the first one the path: a bare handler.
pub const SETUPS: [Setup; 9] = [
    Setup { name: "not instrumented", variables: &[OFF], path: "/bare/42" },
    setup("telemetry off", &[OFF]),
    setup("traces, 1 %", &[NO_METRICS, NO_LOGS, RATIO, ("OTEL_TRACES_SAMPLER_ARG", "0.01")]),
    setup("traces, 10 %", &[NO_METRICS, NO_LOGS, RATIO, ("OTEL_TRACES_SAMPLER_ARG", "0.1")]),
    setup("traces, 100 %", &[NO_METRICS, NO_LOGS]),
    setup("metrics", &[NO_TRACES, NO_LOGS]),
    setup("logs", &[NO_TRACES, NO_METRICS]),
    setup("all, traces 10 %", &[RATIO, ("OTEL_TRACES_SAMPLER_ARG", "0.1")]),
    setup("all, traces 100 %", &[]),
];
// ANCHOR_END: setups

/// Everything, and a collector that is not there.
pub const NOBODY_LISTENS: Setup =
    setup("all, traces 100 %, nobody listens", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);

/// The service. It prints its address and serves until it is stopped.
///
/// # Errors
///
/// When it cannot listen, or its telemetry cannot be set up.
pub async fn serve() -> Result<(), Failure> {
    let telemetry = telemetry::Builder::new("shop").console(false).install()?;
    let meter = telemetry.meter(telemetry::scope("shop", env!("CARGO_PKG_VERSION")));
    let traced = middleware::from_fn_with_state(telemetry::http::Server::new(&meter), telemetry::http::trace);
    let router = Router::new().route("/orders/{id}", get(order)).layer(traced);
    let router = router.route("/bare/{id}", get(bare)).route("/usage", get(usage));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

// ANCHOR: handler
/// One request: the server's span and duration from the middleware, two spans and a log record from here.
async fn order(Path(id): Path<u64>) -> String {
    let (stock, price) = (stock(id).await, price(id).await);
    tracing::info!(order.id = id, order.stock = stock, order.price = price, "order priced");
    format!(r#"{{"id":{id},"stock":{stock},"price":{price}}}"#)
}

#[tracing::instrument]
async fn stock(id: u64) -> u64 {
    std::hint::black_box(id % 7)
}

#[tracing::instrument(fields(price.currency = "EUR", price.list = "retail"))]
async fn price(id: u64) -> u64 {
    std::hint::black_box(id * 99)
}
// ANCHOR_END: handler

/// The same answer without a word about it.
async fn bare(Path(id): Path<u64>) -> String {
    let (stock, price) = (std::hint::black_box(id % 7), std::hint::black_box(id * 99));
    format!(r#"{{"id":{id},"stock":{stock},"price":{price}}}"#)
}

/// Nanoseconds of processor time, user and system, of all threads; and the resident set in KiB.
async fn usage() -> String {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    format!("{} {}", time.tv_sec * 1_000_000_000 + time.tv_nsec, resident.unwrap_or_default())
}

/// How much, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Requests, sent at this rate whether the answers come or not.
    pub rate: Rate,
    /// Before anything is counted.
    pub warm_up: Duration,
    /// What is counted.
    pub measured: Duration,
}

/// What the requests have cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Processor time of the service, user and system, for each request.
    pub cpu: Duration,
    /// Half of the answers were faster.
    pub median: Duration,
    /// Ninety-nine of a hundred were.
    pub p99: Duration,
    /// The service's resident set at the end, in KiB.
    pub resident_kib: u64,
    /// What the collector was sent, in bytes.
    pub exported: usize,
}

/// Starts `service`, puts it under load and stops it.
///
/// # Errors
///
/// When the service does not start or does not answer.
pub async fn run(mut service: Command, setup: &Setup, load: Load) -> Result<Cost, Failure> {
    let (collector, exported) = collector().await?;
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTEL_")) {
        service.env_remove(name);
    }
    service.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf").env("OTEL_METRIC_EXPORT_INTERVAL", "1000");
    service.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"));
    service.envs(setup.variables.iter().copied()).stdout(Stdio::piped());
    let mut service = tokio::process::Command::from(service).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(service.stdout.take().ok_or_else(|| io::Error::other("no output"))?).lines();
    let address = timeout(PATIENCE, lines.next_line()).await.map_err(io::Error::other)??;
    let url = format!("http://{}", address.ok_or_else(|| Failure::Answer("it ended at once".into()))?);

    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let order = format!("{url}{}", setup.path);
    drive(&client, &order, load.rate, load.warm_up).await?;
    let (before, _) = used(&client, &url).await?;
    let mut latencies = drive(&client, &order, load.rate, load.measured).await?;
    let (after, resident_kib) = used(&client, &url).await?;
    service.kill().await?;

    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    let cpu = (after - before) / latencies.len() as u32;
    Ok(Cost { cpu, median: at(0.5), p99: at(0.99), resident_kib, exported: exported.load(Ordering::Relaxed) })
}

/// Takes OTLP over HTTP and throws it away.
async fn collector() -> io::Result<(SocketAddr, Arc<AtomicUsize>)> {
    let received = Arc::new(AtomicUsize::new(0));
    let count = received.clone();
    let take = move |body: Bytes| async move { _ = count.fetch_add(body.len(), Ordering::Relaxed) };
    let router = Router::new().route("/v1/{signal}", post(take)).layer(DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, received))
}

/// Sends a handful every millisecond, whether the earlier ones have been answered or not.
async fn drive(client: &reqwest::Client, url: &str, rate: Rate, time: Duration) -> Result<Vec<Duration>, Failure> {
    const TICK: Duration = Duration::from_millis(1);
    let (mut ticks, mut requests) = (interval(TICK), JoinSet::new());
    let total = (rate.in_a_second() * time.as_secs_f64()).ceil().max(1.0) as usize;
    for tick in 1.. {
        ticks.tick().await;
        let by_now = (rate.in_a_second() * TICK.as_secs_f64() * f64::from(tick)) as usize;
        for _ in requests.len()..by_now.min(total) {
            requests.spawn(request(client.get(url), Instant::now()));
        }
        if by_now >= total {
            break;
        }
    }
    requests.join_all().await.into_iter().collect()
}

async fn request(request: reqwest::RequestBuilder, sent: Instant) -> Result<Duration, Failure> {
    request.send().await?.error_for_status()?.bytes().await?;
    Ok(sent.elapsed())
}

/// What the service has used so far: processor time, and KiB.
async fn used(client: &reqwest::Client, url: &str) -> Result<(Duration, u64), Failure> {
    let answer = client.get(format!("{url}/usage")).send().await?.text().await?;
    let numbers = answer.split_once(' ').and_then(|(time, kib)| Some((time.parse().ok()?, kib.parse().ok()?)));
    let (nanoseconds, kib) = numbers.ok_or(Failure::Answer(answer))?;
    Ok((Duration::from_nanos(nanoseconds), kib))
}
