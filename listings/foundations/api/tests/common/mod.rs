//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::SdkTracer;
use telemetry::{Telemetry, scope};
use testkit::{Capture, Receiver};
use tracing::dispatcher::with_default;

/// Runs `work` under telemetry of its own, and returns what was received.
pub async fn received(work: impl FnOnce(&Telemetry)) -> Capture {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    with_default(&telemetry.dispatch(), || work(&telemetry));
    telemetry.shutdown().unwrap();
    receiver.capture().await
}

/// A tracer of OpenTelemetry's own API.
pub fn tracer(telemetry: &Telemetry) -> SdkTracer {
    telemetry.tracer(scope("shop", "1.0.0"))
}

/// The context that came from another process.
pub fn caller() -> Context {
    let (trace, span) = (TraceId::from(7), SpanId::from(7));
    let remote = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    Context::new().with_remote_span_context(remote)
}

/// The current span, of either API.
pub fn current() -> SpanContext {
    Context::current().span().span_context().clone()
}
