//! The program goes on, whatever happens to the collector.
#![allow(clippy::unwrap_used)]

#[path = "../examples/weather/mod.rs"]
#[allow(dead_code, reason = "the examples use the rest")]
mod weather;

use std::time::Duration;

use collectors::program::Load;
use weather::{Outcome, Sky, Weather, make, send};

const EVERY: Duration = Duration::from_millis(1);

/// A program of its own below this sky.
async fn outcome(sky: &Sky, requests: u32) -> Outcome {
    let (endpoint, load) = (sky.endpoint.clone(), Load { requests, every: EVERY });
    let sent = tokio::task::spawn_blocking(move || send(testkit::example("collectors-latency"), &endpoint, load));
    sent.await.unwrap().unwrap()
}

// ANCHOR: survives
/// No request waits for the collector, five times the requests need no more memory, the end comes in time, and the SDK
/// says that it loses spans.
async fn survives(weather: Weather) -> Outcome {
    let sky = make(weather).await.unwrap();
    let (short, long) = tokio::join!(outcome(&sky, 1_000), outcome(&sky, 5_000));
    for Outcome { noticed, shutdown, .. } in [&short, &long] {
        assert!(noticed.median < Duration::from_millis(1), "{noticed:?}");
        assert!(noticed.longest < Duration::from_secs(3), "a wait for the collector is longer: {noticed:?}");
        assert!(*shutdown < Duration::from_secs(8), "five are granted: {shutdown:?}");
    }
    assert!(long.noticed.peak_kib < short.noticed.peak_kib + 3 * 1024, "{:?} {:?}", short.noticed, long.noticed);
    assert!(long.said.contains("SpanDroppingStarted"), "{}", long.said);
    long
}
// ANCHOR_END: survives

#[tokio::test(flavor = "multi_thread")]
async fn the_program_survives_a_collector_that_is_absent() {
    let said = survives(Weather::Absent).await.said;
    let (_, count) = said.split_once("dropped_span_count=").unwrap_or_else(|| panic!("no count: {said}"));
    let lost: u32 = count.split(' ').next().unwrap().parse().unwrap();
    // 15,000 spans, of which the queue holds 2,048. Batches of 512 leave it, and fail.
    assert!((5_000..13_000).contains(&lost), "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_survives_a_collector_that_never_answers() {
    survives(Weather::Silent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_survives_a_collector_that_is_slow() {
    survives(Weather::Slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_survives_a_collector_that_refuses_everything() {
    survives(Weather::Full).await;
}
