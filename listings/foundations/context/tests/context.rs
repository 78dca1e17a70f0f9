//! Where the parent gets lost, and how it is kept.
//!
//! A program has one subscriber for all threads. A test has its own, and hands it to what it spawns; that alone must not
//! hand over the span.
#![allow(clippy::unwrap_used)]

use context::channel::{Envelope, handle_batch};
use context::{incoming, stream, tasks, threads};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use testkit::Receiver;
use tokio_stream::{Stream, StreamExt};
use tracing::dispatcher::{get_default, with_default};
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Instrument, info_span};

/// Runs `work` in the span `order`, with a subscriber of its own, and returns the tree that arrived.
async fn tree(work: impl Future<Output = ()>) -> String {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    async { work.instrument(info_span!("order")).await }.with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown().unwrap();
    receiver.capture().await.tree()
}

/// The subscriber of this test, without any span.
fn subscriber() -> Dispatch {
    get_default(Clone::clone)
}

async fn pack() {
    info_span!("pack").in_scope(|| ());
}

/// The same, for a thread that knows neither this test's subscriber nor its span.
fn pack_elsewhere() -> impl Fn() + Send + Sync + 'static {
    let subscriber = subscriber();
    move || with_default(&subscriber, || info_span!("pack").in_scope(|| ()))
}

const KEPT: &str = "order\n  pack\n";
const LOST: &str = "order\npack\n";

/// Roots have no order that a test could rely on when both begin in the same instant.
fn sorted(tree: &str) -> Vec<&str> {
    let mut lines: Vec<_> = tree.lines().collect();
    lines.sort_unstable();
    lines
}

// ANCHOR: spawn
#[tokio::test]
async fn lost_in_a_spawned_task() {
    let tree = tree(async { tokio::spawn(pack().with_subscriber(subscriber())).await.unwrap() }).await;
    assert_eq!(sorted(&tree), sorted(LOST));
}

#[tokio::test]
async fn kept_in_a_spawned_task() {
    assert_eq!(tree(async { tasks::spawn(pack().with_subscriber(subscriber())).await.unwrap() }).await, KEPT);
}
// ANCHOR_END: spawn

#[tokio::test]
async fn kept_in_a_join_set() {
    let work = async {
        tasks::join_all((0..2).map(|_| pack().with_subscriber(subscriber()))).await;
    };
    assert_eq!(tree(work).await, "order\n  pack\n  pack\n");
}

#[tokio::test]
async fn lost_by_a_guard_that_is_held_across_an_await() {
    let work = async {
        let sleeper = async {
            let _entered = info_span!("sleeper").entered();
            tokio::task::yield_now().await;
        };
        // Both run on one thread, by turns: `pack` becomes the child of a span it has nothing to do with.
        tokio::join!(sleeper, pack());
    };
    assert_eq!(tree(work).await, "order\n  sleeper\n    pack\n");
}

#[tokio::test]
async fn kept_by_instrument() {
    let work = async {
        tokio::join!(tasks::instrumented(info_span!("sleeper"), tokio::task::yield_now()), pack());
    };
    assert_eq!(sorted(&tree(work).await), ["  pack", "  sleeper", "order"]);
}

#[tokio::test]
async fn a_branch_that_select_drops_ends_its_span() {
    let work = async {
        tokio::select! {
            biased;
            () = std::future::pending::<()>().instrument(info_span!("slow")) => {}
            () = pack() => {}
        }
    };
    assert_eq!(sorted(&tree(work).await), ["  pack", "  slow", "order"]);
}

fn orders() -> impl Stream<Item = i32> {
    tokio_stream::iter([1, 2]).map(|order| info_span!("pack").in_scope(|| order))
}

// ANCHOR: stream
#[tracing::instrument(skip_all)]
fn read() -> impl Stream<Item = i32> {
    orders() // is not polled yet, and the span ends here
}

#[tokio::test]
async fn lost_by_a_stream_that_outlives_its_function() {
    let stream = async { info_span!("shop").in_scope(read) }.await;
    let tree = tree(async { assert_eq!(stream.collect::<Vec<_>>().await, [1, 2]) }).await;
    assert_eq!(tree, "order\n  pack\n  pack\n", "below who happens to poll");
}

#[tokio::test]
async fn kept_by_a_stream_in_a_span() {
    let work = async {
        let stream = stream::instrument(orders(), info_span!("read"));
        assert_eq!(stream.collect::<Vec<_>>().await, [1, 2]);
    };
    assert_eq!(tree(work).await, "order\n  read\n    pack\n    pack\n");
}
// ANCHOR_END: stream

#[tokio::test]
async fn lost_on_the_blocking_pool() {
    let tree = tree(async { tokio::task::spawn_blocking(pack_elsewhere()).await.unwrap() }).await;
    assert_eq!(sorted(&tree), sorted(LOST));
}

#[tokio::test]
async fn kept_on_the_blocking_pool() {
    assert_eq!(tree(async { threads::spawn_blocking(pack_elsewhere()).await.unwrap() }).await, KEPT);
}

#[tokio::test]
async fn kept_on_rayons_pool() {
    let work = async {
        let pack = pack_elsewhere();
        threads::par_map(vec![1, 2], |_| pack());
    };
    assert_eq!(tree(work).await, "order\n  pack\n  pack\n");
}

#[tokio::test]
async fn kept_by_a_message() {
    let work = async {
        let (send, mut receive) = tokio::sync::mpsc::channel(1);
        send.send(Envelope::new("A-1")).await.unwrap();
        // The consumer stands in no span of ours.
        let consumer = async move { receive.recv().await.unwrap().handle(|_order| info_span!("pack").in_scope(|| ())) };
        tokio::spawn(consumer.with_subscriber(subscriber())).await.unwrap();
    };
    assert_eq!(tree(work).await, KEPT);
}

#[tokio::test]
async fn a_batch_links_to_every_sender() {
    let work = async {
        let orders = (0..2).map(|number| info_span!("sender").in_scope(|| Envelope::new(number)));
        let sum: i32 = handle_batch(orders.collect(), |numbers| numbers.iter().sum());
        assert_eq!(sum, 1);
    };
    let tree = tree(work).await;
    assert_eq!(sorted(&tree), ["  sender", "  sender", "batch → sender → sender", "order"]);
}

fn remote() -> opentelemetry::Context {
    let (trace, span) = (TraceId::from(7), SpanId::from(7));
    let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    opentelemetry::Context::new().with_remote_span_context(parent)
}

/// Whether the one span that `work` makes has a parent in another process.
async fn has_remote_parent(work: impl FnOnce()) -> bool {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    with_default(&telemetry.dispatch(), work);
    telemetry.shutdown().unwrap();
    receiver.capture().await.spans[0].remote_parent
}

// ANCHOR: set_parent
#[tokio::test]
async fn kept_from_a_remote_parent() {
    let work = || incoming::below(info_span!("order"), remote()).unwrap().in_scope(|| ());
    assert!(has_remote_parent(work).await);
}

#[tokio::test]
async fn lost_when_the_span_was_entered_before() {
    let work = || {
        let span = info_span!("order");
        span.in_scope(|| ());
        incoming::below(span, remote()).expect_err("its ids are settled");
    };
    assert!(!has_remote_parent(work).await);
}

#[tracing::instrument]
fn instrumented() {
    incoming::below(tracing::Span::current(), remote()).expect_err("it is entered already");
}

#[tokio::test]
async fn lost_inside_an_instrumented_function() {
    assert!(!has_remote_parent(instrumented).await);
}
// ANCHOR_END: set_parent
