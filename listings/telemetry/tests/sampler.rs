//! A sampler that the program sets.
#![allow(clippy::unwrap_used)]

use opentelemetry::trace::{Link, SpanKind, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};
use telemetry::scope;
use testkit::Receiver;
use tracing::dispatcher;

/// Keeps every root but one.
#[derive(Debug, Clone)]
struct NoProbes;

impl ShouldSample for NoProbes {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let is_probe = name == "probe";
        let decision = if is_probe { SamplingDecision::Drop } else { SamplingDecision::RecordAndSample };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::default() }
    }
}

#[tokio::test]
async fn a_sampler_decides_on_spans_and_leaves_logs_and_metrics_alone() {
    let receiver = Receiver::grpc().await;
    let sampler = Sampler::parent_based(NoProbes);
    let telemetry = receiver.telemetry("shop").sampler(sampler).build().unwrap();
    let asked = telemetry.meter(scope("shop", "0")).u64_counter("asked").build();
    dispatcher::with_default(&telemetry.dispatch(), || {
        for root in ["order", "probe"] {
            tracing::info_span!("request", otel.name = root).in_scope(|| {
                tracing::info_span!("work").in_scope(|| tracing::info!("done"));
            });
            asked.add(1, &[]);
        }
    });
    telemetry.shutdown().unwrap();

    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "order\n  work\n", "what is below a probe goes with it");
    assert_eq!((capture.logs.len(), capture.metric("asked", &[])), (2, Some(&2.into())), "{capture}");
}

/// The test above, in a process whose environment asks for no span.
#[test]
fn what_the_program_sets_wins_over_the_environment() {
    let above = "a_sampler_decides_on_spans_and_leaves_logs_and_metrics_alone";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", above]).env("OTEL_TRACES_SAMPLER", "always_off").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
