//! A local OTLP receiver: `cargo xtask receive`.
//!
//! Prints traces as trees, logs and metrics as lines, as soon as nothing has arrived for a moment. With a command behind
//! `--` it listens on free ports, runs the command with `OTEL_EXPORTER_OTLP_ENDPOINT` set, and ends with it.

mod record;
mod server;
mod view;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use tokio::process::Child;

use record::Record;
use view::View;

/// How long nothing may arrive before what has arrived is printed: the spans of one trace come in several requests.
const QUIET: Duration = Duration::from_millis(300);

#[derive(Debug, Parser)]
#[command(name = "cargo xtask receive", about = "Receive OTLP on this machine and print it")]
struct Arguments {
    /// The port for gRPC [default: 4317, or any with a command]
    #[arg(long)]
    grpc: Option<u16>,
    /// The port for HTTP, protobuf and JSON [default: 4318, or any with a command]
    #[arg(long)]
    http: Option<u16>,
    /// Print one JSON object for each span, log record and series
    #[arg(long)]
    json: bool,
    /// Only these signals
    #[arg(long, value_enum)]
    only: Vec<Signal>,
    /// Only the telemetry of this service
    #[arg(long)]
    service: Option<String>,
    /// The same in every run: print at the end, in one order, without ids and times
    #[arg(long)]
    stable: bool,
    /// Run this with its telemetry sent here, and end with it
    #[arg(last = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Arguments {
    fn wants(&self, record: &Record) -> bool {
        let signal = match record {
            Record::Span(_) => Signal::Traces,
            Record::Log(_) => Signal::Logs,
            Record::Metric(_) => Signal::Metrics,
        };
        (self.only.is_empty() || self.only.contains(&signal))
            && self.service.as_deref().is_none_or(|service| service == record.service())
    }

    fn print(&self, records: Vec<Record>) -> anyhow::Result<()> {
        let records: Vec<_> = records.into_iter().filter(|record| self.wants(record)).collect();
        if self.json {
            for record in records {
                anstream::println!("{}", serde_json::to_string(&record)?);
            }
        } else {
            anstream::print!("{}", View { stable: self.stable }.show(records));
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let default = |port| if arguments.command.is_empty() { port } else { 0 };
    let ports = [arguments.grpc.unwrap_or(default(4317)), arguments.http.unwrap_or(default(4318))];
    let ([grpc, http], mut requests) = server::listen(ports[0], ports[1]).await?;
    let mut child = spawn(&arguments.command, &http.to_string())?;
    if child.is_none() {
        eprintln!("receiving OTLP: gRPC on {grpc}, HTTP on {http}; Ctrl-C ends");
    }
    let mut waiting = Vec::new();
    let code = loop {
        tokio::select! {
            biased;
            Some(request) = requests.recv() => waiting.extend(record::records(request)),
            () = tokio::time::sleep(QUIET), if !waiting.is_empty() && !arguments.stable => arguments.print(std::mem::take(&mut waiting))?,
            code = ended(&mut child) => break code?,
        }
    };
    // What the command sent with its last breath.
    while let Ok(request) = requests.try_recv() {
        waiting.extend(record::records(request));
    }
    arguments.print(waiting)?;
    Ok(ExitCode::from(code))
}

fn spawn(command: &[OsString], http: &str) -> anyhow::Result<Option<Child>> {
    let Some((program, arguments)) = command.split_first() else { return Ok(None) };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{http}"));
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    command.spawn().map(Some).with_context(|| format!("cannot run {}", program.display()))
}

/// The command's exit code, or success when somebody presses Ctrl-C and there is no command.
async fn ended(child: &mut Option<Child>) -> anyhow::Result<u8> {
    match child {
        Some(child) => loop {
            tokio::select! {
                status = child.wait() => break Ok(status?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
                // It reaches the command as well, which ends in its own way and has something to say.
                _ = tokio::signal::ctrl_c() => {}
            }
        },
        None => Ok(tokio::signal::ctrl_c().await.map(|()| 0)?),
    }
}
