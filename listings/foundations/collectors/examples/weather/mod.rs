//! The troubles that a collector can be in, and a program that has to live with them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use collectors::program::{Load, Noticed, run};
use collectors::{Collector, Settings};
use serde_json::{Value, json};
use telemetry::{Config, Protocol, Telemetry};
use testkit::{Fault, FaultProxy};
/// What the program sends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// A collector that takes everything.
    Fine,
    /// Nobody listens.
    Absent,
    /// The connection stands, and nothing comes back.
    Silent,
    /// Every answer takes five seconds.
    Slow,
    /// Its memory is used up: it refuses everything, and asks for a retry.
    Full,
}

pub const ALL: [Weather; 5] = [Weather::Fine, Weather::Absent, Weather::Silent, Weather::Slow, Weather::Full];

impl Weather {
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "takes everything",
            Self::Absent => "is absent",
            Self::Silent => "never answers",
            Self::Slow => "answers after 5 s",
            Self::Full => "refuses everything",
        }
    }
}

/// The sky over the program: dropping it ends it.
pub struct Sky {
    pub endpoint: String,
    _collector: Option<Collector>,
    _front: Option<FaultProxy>,
}

/// Makes this weather, with a real collector. What it takes, it counts and throws away.
pub async fn make(weather: Weather) -> anyhow::Result<Sky> {
    if weather == Weather::Absent {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        return Ok(Sky { endpoint: format!("http://{nobody}"), _collector: None, _front: None });
    }
    let config = [env!("CARGO_MANIFEST_DIR"), "collector", "gateway.yaml"].iter().collect::<std::path::PathBuf>();
    let mut settings =
        Settings::new(config).variable("BACKEND", "127.0.0.1:1").variable("LISTEN_HEALTH", "127.0.0.1:0");
    settings = settings.set("exporters.debug.verbosity", "basic");
    for signal in ["traces", "metrics", "logs"] {
        let pipeline = format!("service.pipelines.{signal}");
        settings = settings.set(&format!("{pipeline}.exporters"), "[debug]");
        settings = settings.set(&format!("{pipeline}.processors"), "[memory_limiter]");
    }
    if weather == Weather::Full {
        let limiter = "processors.memory_limiter";
        settings = settings.set(&format!("{limiter}.limit_mib"), "2").set(&format!("{limiter}.spike_limit_mib"), "1");
        settings = settings.set(&format!("{limiter}.check_interval"), "50ms");
    }
    let collector = settings.start()?;
    if weather == Weather::Full {
        collector.says("Refusing data")?;
    }
    let front = FaultProxy::new(collector.endpoint().trim_start_matches("http://").parse()?).await;
    front.set(match weather {
        Weather::Silent => Fault::Silent,
        Weather::Slow => Fault::Delay(Duration::from_secs(5)),
        _ => Fault::Pass,
    });
    Ok(Sky { endpoint: format!("http://{}", front.address()), _collector: Some(collector), _front: Some(front) })
}

/// What a program noticed, and how long its end took.
#[allow(dead_code, reason = "the tests read all of it")]
pub struct Outcome {
    pub noticed: Noticed,
    pub shutdown: Duration,
    /// What the SDK said on standard error.
    pub said: String,
}

/// Runs the program in a process of its own.
pub fn send(mut program: Command, endpoint: &str, load: Load) -> anyhow::Result<Outcome> {
    let (requests, every) = (load.requests.to_string(), load.every.as_micros().to_string());
    let program = program.args(["program", endpoint, &requests, &every]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = program.env("RUST_LOG", "warn").spawn()?.wait_with_output()?; // a line for each request would be what is measured
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {said}", output.status);
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| told[name].as_u64().with_context(|| format!("{name} in {told}"));
    let time = |name: &str| Ok::<_, anyhow::Error>(Duration::from_nanos(number(name)?));
    let (median, p99, longest) = (time("median")?, time("p99")?, time("longest")?);
    let noticed = Noticed { median, p99, longest, peak_kib: number("peak_kib")? };
    Ok(Outcome { noticed, shutdown: time("shutdown")?, said })
}

/// What is measured: its name, and its number of an outcome.
pub type Case = (&'static str, fn(&Outcome) -> f64);

/// What the examples do: without arguments they measure, and with `program …` they are the program that is measured.
pub async fn main(cases: &[Case]) -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("program") => program(&arguments[1..]),
        first => measure(first == Some("--quick"), cases).await,
    }
}

/// Measures a program under every weather, round by round, and prints the rows.
async fn measure(quick: bool, cases: &[Case]) -> anyhow::Result<()> {
    let (rounds, requests) = if quick { (1, 1_000) } else { (5, 5_000) };
    let mut outcomes = vec![Vec::new(); ALL.len()];
    for round in 1..=rounds {
        for (weather, outcomes) in ALL.iter().zip(&mut outcomes) {
            eprintln!("round {round} of {rounds}: the collector {}", weather.name());
            let sky = make(*weather).await?;
            let itself = Command::new(std::env::current_exe()?);
            let outcome = send(itself, &sky.endpoint, Load { requests, every: Duration::from_millis(1) })?;
            outcomes.push(cases.iter().map(|(_, number)| number(&outcome)).collect::<Vec<_>>());
        }
    }
    let mut rows = Vec::new();
    for (index, (case, _)) in cases.iter().enumerate() {
        for (weather, outcomes) in ALL.iter().zip(&outcomes) {
            let mut numbers: Vec<f64> = outcomes.iter().map(|outcome| outcome[index]).collect();
            numbers.sort_by(f64::total_cmp);
            let (low, value, high) = (numbers[0], numbers[numbers.len() / 2], numbers[numbers.len() - 1]);
            let subject = format!("the collector {}", weather.name());
            rows.push(json!({ "case": case, "subject": subject, "value": value, "low": low, "high": high }));
        }
    }
    println!("{}", json!({ "versions": { "otelcol": "0.161.0" }, "rows": rows }));
    Ok(())
}

/// The program that [`send`] runs: `program ENDPOINT REQUESTS MICROSECONDS`.
fn program(arguments: &[String]) -> anyhow::Result<()> {
    let [endpoint, requests, every] = arguments else { anyhow::bail!("program ENDPOINT REQUESTS MICROSECONDS") };
    let load = Load { requests: requests.parse()?, every: Duration::from_micros(every.parse()?) };
    let builder = Telemetry::builder("shop").config(Config::default()).endpoint(Protocol::Grpc, endpoint);
    let telemetry = builder.export_interval(Duration::from_secs(1)).install()?; // for the SDK's own words as well
    let noticed = run(&telemetry, load)?;
    let began = Instant::now();
    let lost = telemetry.shutdown();
    let shutdown = began.elapsed();
    if let Err(error) = lost {
        eprintln!("{error}");
    }
    let nanos = |time: Duration| time.as_nanos() as u64;
    let Noticed { median, p99, longest, peak_kib } = noticed;
    let [median, p99, longest, shutdown] = [median, p99, longest, shutdown].map(nanos);
    let told = json!({
        "median": median, "p99": p99, "longest": longest, "peak_kib": peak_kib, "shutdown": shutdown,
    });
    println!("{told}");
    Ok(())
}
