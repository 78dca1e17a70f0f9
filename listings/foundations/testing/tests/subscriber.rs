//! Which threads a test hears.
#![allow(clippy::unwrap_used)]

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use testing::observed;
use tracing::dispatcher::{set_default, with_default};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, info_span};
use tracing_subscriber::prelude::*;

/// A subscriber for one test, and where its spans go. With the last clone of the subscriber its provider ends, and then
/// the exporter is empty. There is a second subscriber for the reason that `callsite.rs` shows.
fn subscriber() -> (Dispatch, InMemorySpanExporter) {
    static SECOND: std::sync::LazyLock<Dispatch> = std::sync::LazyLock::new(|| Dispatch::new(NoSubscriber::new()));
    std::sync::LazyLock::force(&SECOND);
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    (tracing_subscriber::registry().with(layer).into(), exporter)
}

/// The names of the finished spans.
fn names(exporter: &InMemorySpanExporter) -> Vec<String> {
    exporter.get_finished_spans().unwrap().into_iter().map(|span| span.name.into_owned()).collect()
}

// ANCHOR: work
/// Code under test, which knows nothing of tests: a task, and a thread of the blocking pool.
async fn work() {
    info_span!("here").in_scope(|| ());
    tokio::spawn(async { info_span!("task").in_scope(|| ()) }).await.unwrap();
    tokio::task::spawn_blocking(|| info_span!("blocking").in_scope(|| ())).await.unwrap();
}

#[tokio::test]
async fn symptom_with_subscriber_reaches_no_task() {
    let (subscriber, exporter) = subscriber();
    work().with_subscriber(subscriber.clone()).await;
    assert_eq!(names(&exporter), ["here"]);
}

#[tokio::test]
async fn set_default_reaches_all_tasks_of_one_thread() {
    let (subscriber, exporter) = subscriber();
    let _guard = set_default(&subscriber);
    work().await;
    assert_eq!(names(&exporter), ["here", "task"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn symptom_set_default_reaches_no_other_thread() {
    let (subscriber, exporter) = subscriber();
    let _guard = set_default(&subscriber);
    work().await;
    assert_eq!(names(&exporter), ["here"]);
}

#[test]
fn a_runtime_of_its_own_reaches_all_its_threads() {
    let (subscriber, exporter) = subscriber();
    observed(&subscriber, work()).unwrap();
    assert_eq!(names(&exporter), ["here", "task", "blocking"]);
}
// ANCHOR_END: work

#[test]
fn two_tests_with_subscribers_of_their_own_find_their_own_spans() {
    let step = std::sync::Barrier::new(2);
    let test = || {
        let (subscriber, exporter) = subscriber();
        step.wait();
        with_default(&subscriber, || info_span!("order").in_scope(|| ()));
        step.wait();
        names(&exporter)
    };
    let found = std::thread::scope(|scope| [scope.spawn(test), scope.spawn(test)].map(|test| test.join().unwrap()));
    assert_eq!(found, [["order"], ["order"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_is_handed_on_reaches_the_task() {
    let (subscriber, exporter) = subscriber();
    let task = async { tokio::spawn(async { info_span!("task").in_scope(|| ()) }.with_current_subscriber()).await };
    task.with_subscriber(subscriber.clone()).await.unwrap();
    assert_eq!(names(&exporter), ["task"]);
}
