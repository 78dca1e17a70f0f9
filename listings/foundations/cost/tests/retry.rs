//! What retries do to the queue, over HTTP.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

/// A collector that is overloaded for the first `failing` requests.
struct Collector {
    requests: Arc<AtomicUsize>,
    provider: SdkTracerProvider,
}

impl Collector {
    async fn new(failing: usize, retries: RetryPolicy) -> Self {
        Self::with_timeout(failing, retries, Duration::from_secs(10)).await
    }

    async fn with_timeout(failing: usize, retries: RetryPolicy, timeout: Duration) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        let answer = move |_: Bytes| async move {
            let before = seen.fetch_add(1, Ordering::SeqCst);
            if before < failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        };
        let router = Router::new().route("/v1/traces", post(answer));
        let address = testkit::serve(router, Dispatch::new(NoSubscriber::new())).await;
        let exporter = SpanExporter::builder().with_http().with_endpoint(format!("http://{address}/v1/traces"));
        let exporter = exporter.with_protocol(Protocol::HttpBinary).with_timeout(timeout).with_retry_policy(retries);
        let exporter = exporter.build().unwrap();
        Self { requests, provider: SdkTracerProvider::builder().with_batch_exporter(exporter).build() }
    }

    /// Ends a span and waits until its export has succeeded or failed.
    async fn export(&self) -> bool {
        drop(self.provider.tracer("test").start("work"));
        let provider = self.provider.clone();
        tokio::task::spawn_blocking(move || provider.force_flush().is_ok()).await.unwrap()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// What the SDK does by default, without the pauses.
fn three_retries() -> RetryPolicy {
    RetryPolicy::recommended().with_initial_delay(Duration::ZERO).with_max_jitter(Duration::ZERO)
}

// ANCHOR: lost
#[tokio::test]
async fn symptom_a_batch_is_lost_after_four_attempts() {
    let collector = Collector::new(4, three_retries()).await;
    assert!(!collector.export().await); // the collector is away
    assert_eq!(collector.requests(), 4);
    assert!(collector.export().await); // it is back
    assert_eq!(collector.requests(), 5); // with the second batch; nobody sends the first one again
}
// ANCHOR_END: lost

// ANCHOR: kept
#[tokio::test]
async fn kept_when_the_retries_last_longer_than_the_outage() {
    let patient = three_retries().with_max_retries(1_000).with_max_delay(Duration::from_millis(1));
    let collector = Collector::new(50, patient).await;
    assert!(collector.export().await);
    assert_eq!(collector.requests(), 51);
}
// ANCHOR_END: kept

// ANCHOR: deadline
#[tokio::test]
async fn symptom_no_retry_outlasts_the_exporters_timeout() {
    let patient = three_retries().with_max_retries(usize::MAX).with_initial_delay(Duration::from_millis(10));
    let collector = Collector::with_timeout(usize::MAX, patient, Duration::from_millis(300)).await;
    assert!(!collector.export().await);
    assert!((2..=30).contains(&collector.requests()), "{} attempts", collector.requests());
}
// ANCHOR_END: deadline

#[tokio::test]
async fn without_retries_one_failure_is_enough() {
    let collector = Collector::new(1, RetryPolicy::disabled()).await;
    assert!(!collector.export().await);
    assert_eq!(collector.requests(), 1);
}
