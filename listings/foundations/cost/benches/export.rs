//! What a span costs the whole process, its export included: processor time, of all threads.
//!
//! Group = case, function = subject; `cargo xtask bench foundations/cost` turns them into `results/export.json`. The
//! collector is a process of its own, so that taking the spans is not counted.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use cost::Queue;
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanData};
use rustix::time::{ClockId, clock_gettime};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// How many spans end between two flushes: less than the queue holds, so that none is dropped.
const CHUNK: u64 = 1_024;

fn main() -> anyhow::Result<()> {
    if std::env::var_os("COLLECTOR").is_some() {
        return tokio::runtime::Runtime::new()?.block_on(collect());
    }
    let collector = Collector::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter(); // where the gRPC exporter takes root
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .sample_size(20);
    let mut group = criterion.benchmark_group("a span with 5 attributes, and its export");
    spans(&mut group, "taken and dropped", Taken);
    let http = |protocol| {
        let endpoint = format!("{}/v1/traces", collector.http);
        SpanExporter::builder().with_http().with_protocol(protocol).with_endpoint(endpoint)
    };
    spans(&mut group, "HTTP, protobuf", http(Protocol::HttpBinary).build()?);
    spans(&mut group, "HTTP, protobuf, gzip", http(Protocol::HttpBinary).with_compression(Compression::Gzip).build()?);
    spans(&mut group, "HTTP, JSON", http(Protocol::HttpJson).build()?);
    let grpc = || SpanExporter::builder().with_tonic().with_endpoint(collector.grpc.clone());
    spans(&mut group, "gRPC", grpc().build()?);
    spans(&mut group, "gRPC, gzip", grpc().with_compression(Compression::Gzip).build()?);
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// An exporter that takes and drops.
#[derive(Debug)]
struct Taken;

impl opentelemetry_sdk::trace::SpanExporter for Taken {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

fn spans<E>(group: &mut BenchmarkGroup<'_, WallTime>, subject: &str, exporter: E)
where
    E: opentelemetry_sdk::trace::SpanExporter + 'static,
{
    let config = Queue::default().config(Duration::from_secs(3600));
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
    let tracer = provider.tracer("bench");
    group.bench_function(subject, |bencher| {
        bencher.iter_custom(|iterations| {
            let began = processor_time();
            for chunk in 0..iterations.div_ceil(CHUNK) {
                for _ in 0..CHUNK.min(iterations - chunk * CHUNK) {
                    let builder = tracer.span_builder("work").with_attributes([
                        KeyValue::new("method", "GET"),
                        KeyValue::new("route", "/orders"),
                        KeyValue::new("status", 200),
                        KeyValue::new("bytes", 512),
                        KeyValue::new("retry", false),
                    ]);
                    tracer.in_span_with_builder(builder, |_| ());
                }
                provider.force_flush().expect("the collector takes everything");
            }
            processor_time() - began
        });
    });
}

/// Of all threads of this process, user and system.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// This program again, as a collector.
struct Collector {
    process: Child,
    http: String,
    grpc: String,
}

impl Collector {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.env("COLLECTOR", "1").stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or_else(|| anyhow::anyhow!("the collector has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let mut next =
            || lines.next().ok_or_else(|| anyhow::anyhow!("the collector ended"))?.map_err(anyhow::Error::from);
        Ok(Self { http: next()?, grpc: next()?, process })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Takes OTLP over HTTP and over gRPC, and throws it away.
async fn collect() -> anyhow::Result<()> {
    let http = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let grpc = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}\nhttp://{}", http.local_addr()?, grpc.local_addr()?);
    let take = |body: Bytes| async move { drop(body) };
    let router = Router::new().route("/v1/traces", post(take)).layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(http, router).await });
    let service = TraceServiceServer::new(Grpc).accept_compressed(tonic::codec::CompressionEncoding::Gzip);
    let server = tonic::transport::Server::builder().add_service(service.max_decoding_message_size(usize::MAX));
    Ok(server.serve_with_incoming(TcpIncoming::from(grpc).with_nodelay(Some(true))).await?)
}

struct Grpc;

#[tonic::async_trait]
impl TraceService for Grpc {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
