//! Real processes, and the ways they end. The batch delay is a minute: what arrives was flushed by the ending.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::example_to;
use testkit::{Capture, Fault, Receiver};

fn start(receiver: &Receiver, fate: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut command = example_to("worker", receiver);
    command.args(fate).env("OTEL_BSP_SCHEDULE_DELAY", "60000").env("OTEL_BLRP_SCHEDULE_DELAY", "60000");
    let mut worker = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(worker.stdout.take().unwrap());
    (worker, stdout)
}

/// Lets the worker do three jobs and sends a signal.
fn interrupt(worker: &Child, stdout: &mut BufReader<ChildStdout>, signal: &str) {
    let mut lines = String::new();
    for _ in 0..3 {
        assert!(stdout.read_line(&mut lines).unwrap() > 0, "it ended after {lines:?}");
    }
    assert!(Command::new("kill").args([signal, &worker.id().to_string()]).status().unwrap().success());
}

/// Every job left a span and a log record.
fn complete(capture: &Capture, jobs: usize) {
    assert_eq!((capture.spans.len(), capture.logs.len()), (jobs, jobs), "{capture}");
    let numbers: Vec<_> = capture.spans.iter().map(|span| span.attributes["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=jobs as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_signal_loses_no_span() {
    for signal in ["-TERM", "-INT"] {
        for receiver in [Receiver::grpc().await, Receiver::http().await] {
            let (mut worker, mut stdout) = start(&receiver, &[]);
            interrupt(&worker, &mut stdout, signal);
            let rest = stdout.lines().count();
            assert!(worker.wait().unwrap().success(), "{signal} {}", receiver.protocol());
            complete(&receiver.capture().await, 3 + rest);
        }
    }
}

#[tokio::test]
async fn an_early_return_and_a_panic_lose_no_span() {
    for (fate, code) in [("fail", 1), ("panic", 101)] {
        for receiver in [Receiver::grpc().await, Receiver::http().await] {
            let (worker, stdout) = start(&receiver, &[fate]);
            assert_eq!(stdout.lines().count(), 3);
            let output = worker.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains("job 3"), "{stderr}");
            complete(&receiver.capture().await, 3);
        }
    }
}

#[tokio::test]
async fn a_dead_collector_does_not_hold_up_the_ending() {
    for (fault, receiver) in [(Fault::Silent, Receiver::grpc().await), (Fault::Refuse, Receiver::http().await)] {
        receiver.set(fault);
        let (mut worker, mut stdout) = start(&receiver, &[]);
        interrupt(&worker, &mut stdout, "-TERM");
        let asked = Instant::now();
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
        let status = worker.wait().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(7), "{fault:?}: {:?}", asked.elapsed());
        assert_eq!(status.code(), Some(1), "it says that telemetry was lost");
        let mut stderr = String::new();
        worker.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(stderr.contains("telemetry was not delivered: "), "{stderr}");
    }
}
