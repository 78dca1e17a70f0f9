//! One way to end, in a process of its own: it makes five spans and ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use opentelemetry::global;
use opentelemetry::trace::Tracer;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry::{Telemetry, shutdown_signal};
use testkit::Receiver;
use tokio::runtime::Builder;

pub const SETUPS: [&str; 2] = ["the SDK alone", "this book's guard"];
pub const RUNTIMES: [&str; 4] = ["none", "current-thread", "one worker", "two workers"];
pub const TRANSPORTS: [&str; 2] = ["grpc", "http"];
pub const SPANS: usize = 5;

/// A set-up, a runtime, a transport and an ending.
pub type Case = [&'static str; 4];

/// What became of a case.
pub enum Outcome {
    /// It needs a runtime.
    Impossible,
    /// It could not even be set up.
    Panicked,
    /// It ended.
    Ended {
        /// How long the ending took.
        time: Duration,
        /// How many spans have arrived.
        spans: usize,
    },
}

/// Runs the case that the arguments of this process name, if they do.
pub fn case_of_arguments() -> Option<anyhow::Result<()>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [setup, runtime, transport, ending] => Some(case(setup == SETUPS[0], runtime, transport, ending)),
        _ => None,
    }
}

// ANCHOR: alone
/// The SDK as tutorials set it up: a global provider, and a handle to shut it down.
fn alone(transport: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = match transport {
        "grpc" => SpanExporter::builder().with_tonic().build()?,
        _ => SpanExporter::builder().with_http().build()?,
    };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    global::set_tracer_provider(provider.clone());
    Ok(provider)
}
// ANCHOR_END: alone

/// What there is to end, in either set-up.
enum Guard {
    Alone(SdkTracerProvider),
    Ours(Telemetry),
}

impl Guard {
    fn shutdown(self) {
        match self {
            Self::Alone(provider) => drop(provider.shutdown()),
            Self::Ours(telemetry) => drop(telemetry.shutdown()),
        }
    }

    fn flush(&self) {
        match self {
            Self::Alone(provider) => drop(provider.force_flush()),
            Self::Ours(telemetry) => drop(telemetry.flush()),
        }
    }
}

/// One case, in a process of its own.
fn case(is_alone: bool, runtime: &str, transport: &str, ending: &str) -> anyhow::Result<()> {
    std::panic::set_hook(Box::new(|_| {})); // it is on purpose
    let program = async || {
        let guard = match is_alone {
            true => Guard::Alone(alone(transport)?),
            false => Guard::Ours(Telemetry::builder("matrix").console(false).install()?),
        };
        let tracer = global::tracer("matrix");
        (0..SPANS).for_each(|_| tracer.in_span("work", |_context| ()));
        println!("ready");
        end(guard, ending, is_alone).await
    };
    match runtime {
        "none" => poll_once(program()),
        "current-thread" => Builder::new_current_thread().enable_all().build()?.block_on(program()),
        "one worker" => Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(program()),
        _ => Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(program()),
    }
}

// ANCHOR: end
/// The ways to end. Where nothing is called, `guard` is dropped.
async fn end(guard: Guard, ending: &str, is_alone: bool) -> anyhow::Result<()> {
    match ending {
        "shutdown" => guard.shutdown(),
        "in task" => tokio::spawn(async { guard.shutdown() }).await?,
        "flush" => {
            guard.flush();
            std::process::exit(0) // nothing is dropped
        }
        "early ?" => bail!("on purpose"),
        "panic" => panic!("on purpose"),
        "SIGTERM" if is_alone => thread::sleep(Duration::from_secs(60)), // nobody handles it
        "SIGTERM" => {
            shutdown_signal().await?;
            guard.shutdown();
        }
        _ => {} // "return": the end of main
    }
    Ok(())
}
// ANCHOR_END: end

/// Runs a future that never waits, on no runtime at all.
fn poll_once(program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let waker = std::task::Waker::noop();
    match std::pin::pin!(program).poll(&mut std::task::Context::from_waker(waker)) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => bail!("this needs a runtime"),
    }
}

/// Runs one case, and counts what has arrived when it is over.
pub fn observe(case: Case) -> anyhow::Result<Outcome> {
    let [setup, runtime, transport, ending] = case;
    if runtime == "none" && (ending == "in task" || (ending == "SIGTERM" && setup != SETUPS[0])) {
        return Ok(Outcome::Impossible);
    }
    let ours = Builder::new_current_thread().enable_all().build()?;
    let receiver = ours.block_on(async {
        match transport {
            "grpc" => Receiver::grpc().await,
            _ => Receiver::http().await,
        }
    });
    let mut child = Command::new(std::env::current_exe()?)
        .args(case)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut ready = String::new();
    BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut ready)?;
    if ready != "ready\n" {
        child.wait()?;
        return Ok(Outcome::Panicked);
    }
    if ending == "SIGTERM" {
        thread::sleep(Duration::from_millis(200)); // until it listens
        ensure!(Command::new("kill").arg(child.id().to_string()).status()?.success());
    }
    let began = Instant::now();
    child.wait()?;
    Ok(Outcome::Ended { time: began.elapsed(), spans: ours.block_on(receiver.span_count()) })
}
