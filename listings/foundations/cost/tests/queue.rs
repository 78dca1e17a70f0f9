//! The queue: what it loses, what it says of that, and whom it keeps waiting.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::Heard;
use cost::{Gate, Queue, Rate, gate, provoke};
use opentelemetry::logs::{LogRecord, Logger, LoggerProvider};
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry::{KeyValue, StringValue, Value};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{SdkTracerProvider, SimpleSpanProcessor};
use tracing::dispatcher;

mod common;

/// Spans, as the SDK batches them by default, with the first export before the gate and the queue behind it full.
fn full() -> (SdkTracerProvider, Gate) {
    let (exporter, gate) = gate();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = provider.tracer("test");
    let Queue { size, batch } = Queue::default();
    (0..batch).for_each(|_| drop(tracer.start("work")));
    assert_eq!(gate.next().unwrap().size, batch);
    (0..size).for_each(|_| drop(tracer.start("work")));
    (provider, gate)
}

// ANCHOR: forecast
#[test]
fn the_forecast_is_what_the_processor_loses() {
    for queue in [Queue::default(), Queue { size: 100, batch: 30 }, Queue { size: 7, batch: 7 }] {
        for percent in [50, 90, 100, 101, 117, 150, 200, 333, 1_000] {
            let meanwhile = (queue.batch * percent).div_ceil(100);
            let outcome = provoke(queue, 12_345, meanwhile).unwrap();
            assert_eq!(outcome.counted, outcome.forecast, "{queue:?} at {percent} %");
            assert_eq!(outcome.counted.dropped > 0, meanwhile > queue.batch, "{queue:?} at {percent} %");
        }
    }
}
// ANCHOR_END: forecast

#[test]
fn the_rule_agrees_with_the_count() {
    // One export in a second, and twice or three times as many spans as it takes.
    let second = Duration::from_secs(1);
    for (queue, times) in [(Queue::default(), 2), (Queue { size: 8_192, batch: 512 }, 2), (Queue::default(), 4)] {
        let meanwhile = times * queue.batch;
        let seconds = queue.lasts(Rate::per_second(meanwhile as f64), second).unwrap().as_secs() as usize;
        let spans = queue.batch + seconds * meanwhile; // the first batch has to be full before an export begins
        assert_eq!(provoke(queue, spans, meanwhile).unwrap().counted.dropped, 0, "{queue:?}, {times} times");
        assert!(provoke(queue, spans + meanwhile, meanwhile).unwrap().counted.dropped > 0, "{queue:?}, {times} times");
    }
}

#[test]
fn symptom_a_larger_queue_only_loses_later() {
    let lost = |queue: Queue, spans| provoke(queue, spans, 2 * Queue::default().batch).unwrap().counted.dropped;
    let large = Queue { size: 4 * Queue::default().size, ..Queue::default() };
    assert_eq!(lost(large, 10_000), 0);
    assert!(lost(large, 40_000) > 0);
    assert_eq!(lost(Queue { batch: 2 * Queue::default().batch, ..Queue::default() }, 40_000), 0);
}

// ANCHOR: never_blocked
#[test]
fn a_full_queue_never_blocks_the_request() {
    let (provider, gate) = full();
    for _ in 0..100_000 {
        drop(provider.tracer("test").start("one too many"));
    }
    // The export that began first has not ended, no other has begun, and yet we are here.
    assert!(!gate.is_waiting());
    gate.open();
    provider.shutdown().unwrap();
    assert_eq!(gate.taken(), 2_048 + 512);
}
// ANCHOR_END: never_blocked

// ANCHOR: memory
#[test]
fn memory_is_bounded_by_queue_and_batch() {
    let (exporter, gate) = gate();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let marker: Arc<str> = "how many spans are alive is how often this is shared".into();
    let end = || {
        let mut span = provider.tracer("test").start("work");
        span.set_attribute(KeyValue::new("marker", Value::String(StringValue::from(marker.clone()))));
    };
    (0..512).for_each(|_| end());
    gate.next().unwrap();
    (0..100_000).for_each(|_| end());
    assert_eq!(Arc::strong_count(&marker) - 1, 2_048 + 512);
    gate.open();
}
// ANCHOR_END: memory

// ANCHOR: said
#[test]
fn symptom_the_sdk_says_it_once_and_counts_at_the_shutdown() {
    let heard = Heard::default();
    dispatcher::with_default(&heard.dispatch(), || {
        let (provider, gate) = full();
        (0..1_000).for_each(|_| drop(provider.tracer("test").start("one too many")));
        assert_eq!(heard.events(), [("BatchSpanProcessor.SpanDroppingStarted", None)]);
        gate.open();
        provider.shutdown().unwrap();
    });
    assert_eq!(heard.events()[1..], [("BatchSpanProcessor.SpansDropped", Some(1_000))]);
}
// ANCHOR_END: said

#[test]
fn symptom_log_records_are_dropped_in_the_same_way() {
    let heard = Heard::default();
    let (exporter, gate) = gate();
    dispatcher::with_default(&heard.dispatch(), || {
        let provider = SdkLoggerProvider::builder().with_batch_exporter(exporter).build();
        let logger = provider.logger("test");
        let emit = |count| {
            (0..count).for_each(|_| {
                logger.emit({
                    let mut record = logger.create_log_record();
                    record.set_body("one too many".into());
                    record
                })
            })
        };
        emit(512);
        assert_eq!(gate.next().unwrap().size, 512);
        emit(2_048 + 1_000);
        gate.open();
        provider.shutdown().unwrap();
    });
    assert_eq!(gate.taken(), 512 + 2_048);
    let expected = [("BatchLogProcessor.LogDroppingStarted", None), ("BatchLogProcessor.LogsDropped", Some(1_000))];
    assert_eq!(heard.events(), expected);
}

// ANCHOR: simple
#[test]
fn symptom_a_simple_processor_lets_the_request_wait_for_the_network() {
    let (exporter, gate) = gate();
    let provider = SdkTracerProvider::builder().with_span_processor(SimpleSpanProcessor::new(exporter)).build();
    let request = |_| {
        let provider = provider.clone();
        thread::spawn(move || drop(provider.tracer("test").start("request")))
    };
    let requests: Vec<_> = (0..4).map(request).collect();
    for answered in 0..requests.len() {
        // Each export runs on the thread of a request, and the others wait for it: one request at a time.
        let export = gate.next().unwrap();
        assert!(requests.iter().any(|request| request.thread().id() == export.thread && !request.is_finished()));
        assert!(requests.iter().filter(|request| request.is_finished()).count() <= answered);
        gate.release();
    }
    requests.into_iter().for_each(|request| request.join().unwrap());
}
// ANCHOR_END: simple

#[test]
fn with_a_batch_processor_the_export_has_a_thread_of_its_own() {
    let (exporter, gate) = gate();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = provider.tracer("test");
    (0..512).for_each(|_| drop(tracer.start("request")));
    assert_ne!(gate.next().unwrap().thread, thread::current().id());
    gate.open();
}

#[test]
fn the_environment_sets_the_bounds() {
    let mut bounds = testkit::example("cost-bounds");
    for (name, value) in [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "8192"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "9000"), // no batch is larger than the queue
        ("OTEL_BLRP_SCHEDULE_DELAY", "250"),
    ] {
        bounds.env(name, value);
    }
    let said = String::from_utf8(bounds.output().unwrap().stdout).unwrap();
    for line in ["max_queue_size: 8192", "max_export_batch_size: 8192", "scheduled_delay: 250ms"] {
        assert!(said.contains(line), "{said}");
    }
}
