//! With no collector the program runs on: its memory, its speed and its ending are bounded.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use telemetry::{InitError, Protocol, Telemetry, scope};
use testkit::{Fault, Receiver};

/// Does work of every kind, so that each signal has something to lose.
fn work(telemetry: &Telemetry, count: usize) {
    common::work(telemetry, count);
    telemetry.meter(scope("test", "0")).u64_counter("jobs").build().add(count as u64, &[]);
}

#[tokio::test]
async fn a_shutdown_ends_at_its_deadline_and_says_what_is_lost() {
    for receiver in [Receiver::grpc().await, Receiver::http().await] {
        receiver.set(Fault::Silent);
        let telemetry = receiver.telemetry("lost").shutdown_timeout(Duration::from_millis(300)).build().unwrap();
        work(&telemetry, 10);
        let asked = Instant::now();
        let lost = telemetry.shutdown().unwrap_err();
        assert!(asked.elapsed() < Duration::from_millis(600), "{:?}", asked.elapsed());
        let mut signals: Vec<_> = lost.signals().collect();
        signals.sort_unstable();
        assert_eq!(signals, ["logs", "metrics", "traces"], "{lost}");
    }
}

#[tokio::test]
async fn the_deadline_of_a_shutdown_can_be_given_at_the_last_moment() {
    let receiver = Receiver::grpc().await;
    receiver.set(Fault::Silent);
    let telemetry = receiver.telemetry("lost").build().unwrap();
    work(&telemetry, 10);
    let asked = Instant::now();
    let lost = telemetry.shutdown_with_timeout(Duration::from_millis(100)).unwrap_err();
    assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
    assert_eq!(lost.signals().count(), 3, "{lost}");
}

#[tokio::test]
async fn a_refused_export_is_an_error_of_every_signal() {
    for receiver in [Receiver::grpc().await, Receiver::http().await] {
        receiver.set(Fault::Refuse);
        let telemetry = receiver.telemetry("lost").build().unwrap();
        work(&telemetry, 10);
        let lost = telemetry.shutdown().unwrap_err();
        assert_eq!(lost.signals().count(), 3, "{} {lost}", receiver.protocol());
    }
}

#[tokio::test]
async fn a_collector_that_comes_back_is_used_again() {
    for receiver in [Receiver::grpc().await, Receiver::http().await] {
        receiver.set(Fault::Refuse);
        let telemetry = receiver.telemetry("back").build().unwrap();
        work(&telemetry, 10);
        telemetry.flush().unwrap_err();
        receiver.set(Fault::Pass);
        work(&telemetry, 10);
        telemetry.shutdown().unwrap();
        assert_eq!(receiver.span_count().await, 10, "the first ten are lost, the next ten are not");
    }
}

#[tokio::test]
async fn a_setting_that_cannot_work_is_an_error_inside_a_runtime_too() {
    for protocol in [Protocol::Grpc, Protocol::HttpBinary] {
        let error = Telemetry::builder("wrong").endpoint(protocol, "not a url").build().unwrap_err();
        assert!(matches!(error, InitError::Endpoint { signal: "traces", .. }), "{error}");
    }
}

/// Resident memory in MiB.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_cannot_be_sent_is_dropped_and_not_hoarded() {
    let receiver = Receiver::grpc().await;
    receiver.set(Fault::Silent);
    let telemetry = receiver.telemetry("hoard").shutdown_timeout(Duration::from_millis(100)).build().unwrap();
    work(&telemetry, 10_000); // the queues are full
    let (before, started) = (resident(), Instant::now());
    work(&telemetry, 100_000);
    let (grown, took) = (resident().saturating_sub(before), started.elapsed());
    println!("100,000 spans with a log record each: {grown} MiB, {took:?}");
    assert!(grown < 32, "{grown} MiB"); // with queues that can hold all of them: 64
    telemetry.shutdown().unwrap_err();
}
