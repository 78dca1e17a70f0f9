//! The shutdown matrix: each case is a process that makes five spans and ends; a receiver counts what arrived.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use opentelemetry::trace::Tracer;
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry::{Telemetry, shutdown_signal};
use testkit::Receiver;
use tokio::runtime::Builder;

const SETUPS: [&str; 2] = ["the SDK alone", "this book's guard"];
const RUNTIMES: [&str; 4] = ["none", "current-thread", "one worker", "two workers"];
const TRANSPORTS: [&str; 2] = ["grpc", "http"];
const ENDINGS: [&str; 7] = ["shutdown", "in task", "flush", "return", "early ?", "panic", "SIGTERM"];
const SPANS: usize = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [setup, runtime, transport, ending] => case(setup == SETUPS[0], runtime, transport, ending),
        _ => table(),
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
        let _ = match self {
            Self::Alone(provider) => provider.shutdown().map_err(|error| error.to_string()),
            Self::Ours(telemetry) => telemetry.shutdown().map_err(|error| error.to_string()),
        };
    }

    fn flush(&self) {
        let _ = match self {
            Self::Alone(provider) => provider.force_flush().map_err(|error| error.to_string()),
            Self::Ours(telemetry) => telemetry.flush().map_err(|error| error.to_string()),
        };
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
        let tracer = global::tracer_with_scope(InstrumentationScope::builder("matrix").build());
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

/// Runs every case, a row at a time, and prints what arrived.
fn table() -> anyhow::Result<()> {
    for setup in SETUPS {
        println!("{setup}: spans that arrived, of {SPANS}");
        println!("{:15} {:5} {}", "runtime", "over", ENDINGS.map(|ending| format!("{ending:>10}")).concat());
        for runtime in RUNTIMES {
            for transport in TRANSPORTS {
                let row: Vec<_> = ENDINGS
                    .map(|ending| thread::spawn(move || observe([setup, runtime, transport, ending])))
                    .into_iter()
                    .map(|case| case.join().expect("a case is an error and no panic"))
                    .collect::<Result<_, _>>()?;
                let cells: String = row.iter().map(|cell| format!("{cell:>10}")).collect();
                println!("{runtime:15} {transport:5} {cells}");
            }
        }
        println!();
    }
    Ok(())
}

/// Runs one case: how many spans arrived, or `hangs` when the ending took as long as the SDK's patience, five seconds.
/// What arrives after that is a matter of luck, so it is not counted.
fn observe(case: [&str; 4]) -> anyhow::Result<String> {
    let [setup, runtime, transport, ending] = case;
    if runtime == "none" && (ending == "in task" || (ending == "SIGTERM" && setup != SETUPS[0])) {
        return Ok("–".into()); // needs a runtime
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
        return Ok("panic".into()); // it could not even be set up
    }
    let began = Instant::now();
    if ending == "SIGTERM" {
        thread::sleep(Duration::from_millis(200)); // until it listens
        ensure!(Command::new("kill").arg(child.id().to_string()).status()?.success());
    }
    child.wait()?;
    let hangs = began.elapsed() > Duration::from_secs(3);
    let spans = ours.block_on(receiver.span_count());
    Ok(if hangs { "hangs".into() } else { spans.to_string() })
}
