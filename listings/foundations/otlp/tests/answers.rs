//! What an exporter makes of an answer.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use common::listen;
use opentelemetry_otlp::{Protocol, RetryPolicy};
use otlp::door::{Answer, Door};
use otlp::order;
use otlp::send::{SendError, Settings, send};
use testkit::{Fault, Receiver};
use tonic::Code;

const ONE: Duration = Duration::from_secs(1);

fn order(door: &Door, settings: &Settings) -> Result<(), SendError> {
    send(vec![order::span()], &door.endpoint(), settings)
}

/// How many requests an answer causes that never changes.
fn requests(protocol: Protocol, answer: Answer) -> usize {
    let door = Door::open(vec![answer]).unwrap();
    order(&door, &Settings::protocol(protocol).impatient()).unwrap_err();
    door.received().len()
}

// ANCHOR: retries
/// What the specification calls retryable, of HTTP and of gRPC.
const HTTP: [u16; 4] = [429, 502, 503, 504];
const GRPC: [Code; 6] =
    [Code::Cancelled, Code::DeadlineExceeded, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss];

#[test]
fn http_answers_are_retried_as_the_specification_says() {
    for code in [400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 501, 502, 503, 504, 505] {
        let expected = if HTTP.contains(&code) { 4 } else { 1 };
        let answer = Answer::Http(StatusCode::from_u16(code).unwrap(), None);
        assert_eq!(requests(Protocol::HttpBinary, answer), expected, "{code}");
    }
}

#[test]
fn grpc_codes_are_retried_as_the_specification_says() {
    for code in (1..=16).map(Code::from_i32) {
        let expected = if GRPC.contains(&code) { 4 } else { 1 };
        assert_eq!(requests(Protocol::Grpc, Answer::Grpc(code, None)), expected, "{code:?}");
    }
    let recovers = Answer::Grpc(Code::ResourceExhausted, Some(Duration::from_millis(1)));
    assert_eq!(requests(Protocol::Grpc, recovers), 4);
}
// ANCHOR_END: retries

#[test]
fn a_retry_that_is_accepted_is_a_success() {
    for (protocol, bad) in [
        (Protocol::HttpBinary, Answer::Http(StatusCode::SERVICE_UNAVAILABLE, None)),
        (Protocol::Grpc, Answer::Grpc(Code::Unavailable, None)),
    ] {
        let door = Door::open(vec![bad.clone(), bad, Answer::Accept]).unwrap();
        order(&door, &Settings::protocol(protocol).impatient()).unwrap();
        let bodies: Vec<_> = door.received().into_iter().map(|request| request.body).collect();
        assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]), "three times the same request");
    }
}

#[test]
fn retries_can_be_switched_off() {
    let door = Door::open(vec![Answer::Http(StatusCode::BAD_GATEWAY, None)]).unwrap();
    order(&door, &Settings { retries: RetryPolicy::disabled(), ..Settings::default() }).unwrap_err();
    assert_eq!(door.received().len(), 1);
}

// ANCHOR: partial
#[test]
fn symptom_rejected_spans_are_a_success_and_a_warning() {
    let clients = [(Protocol::Grpc, "TonicTracesClient"), (Protocol::HttpBinary, "HttpTraceClient")];
    for (protocol, client) in clients {
        let door = Door::open(vec![Answer::Reject(1)]).unwrap();
        let (sent, warnings) = listen(|| order(&door, &Settings::protocol(protocol)));
        sent.unwrap(); // and so is a flush
        let warning = r#"PartialSuccess rejected_spans=1 error_message="older than a day""#;
        assert_eq!(warnings, [format!("{client}.{warning}")]);
        assert_eq!(door.received().len(), 1, "the rest was taken, so it is not sent again");
    }
}

#[test]
fn symptom_over_json_no_warning_tells_of_rejected_spans() {
    // The answer says "rejectedSpans":"1"; the exporter expects 1, and drops what it cannot read.
    let door = Door::open(vec![Answer::Reject(1)]).unwrap();
    let (sent, warnings) = listen(|| order(&door, &Settings::protocol(Protocol::HttpJson)));
    sent.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
}
// ANCHOR_END: partial

// ANCHOR: throttle
#[test]
fn the_wait_that_a_server_asks_for_is_kept() {
    for (protocol, busy) in [
        (Protocol::HttpBinary, Answer::Http(StatusCode::SERVICE_UNAVAILABLE, Some(1))),
        (Protocol::HttpBinary, Answer::Http(StatusCode::TOO_MANY_REQUESTS, Some(1))),
        (Protocol::Grpc, Answer::Grpc(Code::Unavailable, Some(ONE))),
    ] {
        let door = Door::open(vec![busy, Answer::Accept]).unwrap();
        order(&door, &Settings::protocol(protocol).impatient()).unwrap();
        let [first, second] = &door.received()[..] else { panic!("two requests") };
        assert!(second.at - first.at >= ONE, "{protocol:?}");
    }
}

#[test]
fn symptom_a_wait_beyond_the_timeout_loses_the_batch_at_once() {
    let busy = Answer::Http(StatusCode::TOO_MANY_REQUESTS, Some(30));
    let door = Door::open(vec![busy, Answer::Accept]).unwrap();
    let started = Instant::now();
    let (sent, warnings) = listen(|| order(&door, &Settings::default())); // ten seconds in all
    sent.unwrap_err();
    assert!(started.elapsed() < 5 * ONE, "nobody waits, and nobody asks again");
    assert!(warnings[0].starts_with("Export.Failed.DeadlineExceeded"), "{warnings:?}");
    assert_eq!(door.received().len(), 1);
}
// ANCHOR_END: throttle

#[test]
fn a_timeout_above_the_wait_delivers() {
    let answers = vec![Answer::Http(StatusCode::TOO_MANY_REQUESTS, Some(1)), Answer::Accept];
    let door = Door::open(answers.clone()).unwrap();
    order(&door, &Settings { timeout: ONE / 2, ..Settings::default() }).unwrap_err();
    let door = Door::open(answers).unwrap();
    order(&door, &Settings { timeout: 10 * ONE, ..Settings::default() }).unwrap();
}

#[test]
fn symptom_silence_uses_up_the_timeout_and_is_not_retried() {
    for protocol in [Protocol::Grpc, Protocol::HttpBinary] {
        let door = Door::open(vec![Answer::Silence, Answer::Accept]).unwrap();
        order(&door, &Settings { timeout: ONE, ..Settings::protocol(protocol) }).unwrap_err();
        assert_eq!(door.received().len(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn symptom_a_lost_answer_makes_duplicates() {
    let receiver = Receiver::http().await;
    receiver.set(Fault::Cut(0)); // the request arrives, and the connection ends before a byte of the answer
    let endpoint = receiver.endpoint();
    let sending = move || send(vec![order::span()], &endpoint, &Settings::default().impatient());
    tokio::task::spawn_blocking(sending).await.unwrap().unwrap_err();
    assert_eq!(receiver.span_count().await, 4, "it was delivered four times, and the exporter calls it lost");
}
