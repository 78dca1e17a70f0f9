//! Exporters, samplers and clients of your own.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context, KeyValue, SpanId};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, Sampler, SamplingResult, ShouldSample};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

// ANCHOR: exporter
/// `export` is an `async fn` on a shared reference (0.29), in
/// `opentelemetry_sdk::trace` (0.28). `shutdown` and `force_flush` take a shared
/// reference, too (0.32).
///
/// ```compile_fail,E0433
/// use opentelemetry_sdk::export::trace::SpanExporter;
/// ```
///
/// ```compile_fail,E0053
/// # use opentelemetry_sdk::{error::OTelSdkResult, trace::{SpanData, SpanExporter}};
/// # #[derive(Debug)]
/// # struct Names;
/// impl SpanExporter for Names {
///     async fn export(&mut self, batch: Vec<SpanData>) -> OTelSdkResult {
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<Mutex<Vec<String>>>);

impl SpanExporter for Names {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.lock().extend(batch.into_iter().map(|span| span.name.into_owned()));
        Ok(())
    }
}
// ANCHOR_END: exporter

impl Names {
    /// What was exported so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: sampler
/// What a sampler returns belongs to the SDK (0.32).
///
/// ```compile_fail,E0432
/// use opentelemetry::trace::{SamplingDecision, SamplingResult};
/// ```
#[derive(Debug, Clone)]
pub struct NoHealthChecks(pub Sampler);

impl ShouldSample for NoHealthChecks {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let sampler = if name == "GET /health" { &Sampler::AlwaysOff } else { &self.0 };
        sampler.should_sample(parent, trace, name, kind, attributes, links)
    }
}
// ANCHOR_END: sampler

// ANCHOR: parent_based
/// `Sampler::ParentBased(Box::new(root))` still compiles. `parent_based` (0.33.1) also
/// decides for each kind of parent: here a caller outside does not force us to record.
pub fn ten_percent_whoever_calls() -> impl ShouldSample {
    let ratio = Sampler::TraceIdRatioBased(0.1);
    Sampler::parent_based(ratio.clone()).with_remote_parent_sampled(ratio)
}
// ANCHOR_END: parent_based

// ANCHOR: ids
/// A span's ids come from the provider's generator and from nowhere else (0.32).
///
/// ```compile_fail,E0599
/// # use opentelemetry::trace::{SpanBuilder, SpanId};
/// SpanBuilder::from_name("work").with_span_id(SpanId::from(7));
/// ```
#[derive(Debug, Default)]
pub struct ShardedIds(RandomIdGenerator);

impl IdGenerator for ShardedIds {
    fn new_trace_id(&self) -> TraceId {
        let mut id = self.0.new_trace_id().to_bytes();
        id[0] = 7; // the shard that stores the trace
        TraceId::from_bytes(id)
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
// ANCHOR_END: ids

// ANCHOR: client
/// A client implements `send_bytes`, which is there since 0.28; `send` went in 0.33.
/// Whatever the server answers is `Ok`, 503 as well: the exporter reads the status, and
/// tries again.
///
/// ```compile_fail,E0407,E0046
/// # use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
/// # #[derive(Debug)]
/// # struct Signed;
/// #[async_trait::async_trait]
/// impl HttpClient for Signed {
///     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
///         unimplemented!()
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Signed<C> {
    /// What sends.
    pub client: C,
    /// Read anew for each request, because tokens expire.
    pub token: fn() -> HeaderValue,
}

#[async_trait::async_trait]
impl<C: HttpClient> HttpClient for Signed<C> {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        request.headers_mut().insert(AUTHORIZATION, (self.token)());
        self.client.send_bytes(request).await
    }
}
// ANCHOR_END: client

// ANCHOR: in_memory
/// The exporters for tests moved to their signals (0.28), and the one for Tokio lost
/// its runtime and its name (0.32).
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::testing::trace::InMemorySpanExporter;
/// ```
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::testing::trace::TokioSpanExporter;
/// ```
pub mod in_memory {
    pub use opentelemetry_sdk::logs::InMemoryLogExporter;
    pub use opentelemetry_sdk::metrics::InMemoryMetricExporter;
    pub use opentelemetry_sdk::testing::trace::TestSpanExporter;
    pub use opentelemetry_sdk::trace::InMemorySpanExporter;
}
// ANCHOR_END: in_memory
