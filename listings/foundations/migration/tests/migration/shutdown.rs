use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use migration::{setup, shutdown};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use testkit::{Fault, Receiver};
use tracing::Dispatch;

/// How often a server is asked that refuses the first request, by an exporter of this kind.
async fn requests(exporter: fn(&str) -> Result<SpanExporter, ExporterBuildError>) -> usize {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let answer = move || {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        async move { if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK } }
    };
    let server = testkit::serve(axum::Router::new().fallback(answer), Dispatch::none()).await;
    let exporter = exporter(&format!("http://{server}")).unwrap();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    provider.tracer("checkout").in_span("work", |_| ());
    tokio::task::spawn_blocking(move || shutdown::end(&provider)).await.unwrap().unwrap();
    asked.load(Ordering::Relaxed)
}

// ANCHOR: retry
#[tokio::test]
async fn changed_a_failed_export_is_sent_again() {
    assert_eq!(requests(setup::exporter).await, 2);
}

#[tokio::test]
async fn without_retries_it_is_sent_once() {
    assert_eq!(requests(shutdown::impatient).await, 1);
}

#[tokio::test]
async fn changed_a_lost_answer_delivers_it_again() {
    let receiver = Receiver::http().await;
    receiver.set(Fault::Cut(0)); // the request comes through, and no byte of the answer
    let provider = setup::provider(setup::exporter(&receiver.endpoint()).unwrap());
    provider.tracer("checkout").in_span("work", |_| ());
    shutdown::end(&provider).unwrap();
    assert_eq!(receiver.span_count().await, 4, "once, and three retries");
}
// ANCHOR_END: retry

#[test]
fn a_second_shutdown_loses_nothing() {
    let provider = SdkTracerProvider::default();
    assert!(!shutdown::is_lost(&shutdown::end(&provider)));
    assert!(!shutdown::is_lost(&shutdown::end(&provider)), "it says `AlreadyShutdown`");
    assert!(shutdown::is_lost(&Err(OTelSdkError::Timeout(Duration::from_secs(5)))));
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn problems_of_the_sdk_are_events() {
    let text = Text::default();
    let writer = text.clone();
    crate::with(shutdown::subscriber(move || writer.clone()), || {
        SdkMeterProvider::default().meter("checkout").u64_counter("no name").build().add(1, &[]);
        tracing::warn!("of the program itself");
    });
    let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("opentelemetry_sdk") && text.contains("InstrumentCreationFailed"), "{text}");
    assert!(!text.contains("of the program itself"), "{text}");
}
