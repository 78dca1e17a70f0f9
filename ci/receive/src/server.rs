//! The two doors of OTLP: gRPC, and HTTP with protobuf or JSON; either may be compressed.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_http::decompression::RequestDecompressionLayer;

/// The largest request that OTLP's exporters send.
const LARGEST: usize = 64 << 20;

/// One request of an exporter.
#[derive(Debug)]
pub enum Request {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Points of metrics.
    Metrics(ExportMetricsServiceRequest),
    /// Log records.
    Logs(ExportLogsServiceRequest),
}

/// Where requests go. Bounded: an exporter waits until there is room.
#[derive(Debug, Clone)]
struct Intake(mpsc::Sender<Request>);

/// Listens on both ports of the loopback; 0 is any. Returns the addresses, gRPC first, and what arrives.
pub async fn listen(grpc: u16, http: u16) -> anyhow::Result<([SocketAddr; 2], mpsc::Receiver<Request>)> {
    let (sender, requests) = mpsc::channel(64);
    let (grpc, http) = (bind(grpc).await?, bind(http).await?);
    let addresses = [grpc.local_addr()?, http.local_addr()?];
    let intake = Intake(sender);
    tokio::spawn(serve_grpc(grpc, intake.clone()));
    tokio::spawn(async move { axum::serve(http, router(intake)).await });
    Ok((addresses, requests))
}

async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(("127.0.0.1", port)).await;
    bound.with_context(|| format!("port {port} cannot be had; is a collector running? Choose others: --grpc, --http"))
}

async fn serve_grpc(listener: TcpListener, intake: Intake) -> Result<(), tonic::transport::Error> {
    macro_rules! service {
        ($server:ident) => {
            $server::new(intake.clone()).accept_compressed(Gzip).max_decoding_message_size(LARGEST)
        };
    }
    Server::builder()
        .add_service(service!(TraceServiceServer))
        .add_service(service!(MetricsServiceServer))
        .add_service(service!(LogsServiceServer))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
}

macro_rules! service {
    ($service:ident, $request:ident, $response:ident, $signal:path) => {
        #[tonic::async_trait]
        impl $service for Intake {
            async fn export(&self, request: tonic::Request<$request>) -> tonic::Result<tonic::Response<$response>> {
                let sent = self.0.send($signal(request.into_inner())).await;
                sent.map_err(|_| tonic::Status::unavailable("the receiver is stopping"))?;
                Ok(tonic::Response::new($response::default()))
            }
        }
    };
}

service!(TraceService, ExportTraceServiceRequest, ExportTraceServiceResponse, Request::Traces);
service!(MetricsService, ExportMetricsServiceRequest, ExportMetricsServiceResponse, Request::Metrics);
service!(LogsService, ExportLogsServiceRequest, ExportLogsServiceResponse, Request::Logs);

fn router(intake: Intake) -> Router {
    macro_rules! signal {
        ($request:ident, $response:ident, $signal:path) => {
            post(async |State(intake): State<Intake>, headers: HeaderMap, body: Bytes| {
                take::<$request, $response>(&intake, &headers, &body, $signal).await
            })
        };
    }
    Router::new()
        .route("/v1/traces", signal!(ExportTraceServiceRequest, ExportTraceServiceResponse, Request::Traces))
        .route("/v1/metrics", signal!(ExportMetricsServiceRequest, ExportMetricsServiceResponse, Request::Metrics))
        .route("/v1/logs", signal!(ExportLogsServiceRequest, ExportLogsServiceResponse, Request::Logs))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(RequestDecompressionLayer::new())
        .with_state(intake)
}

/// Answers in the encoding of the question, as the protocol demands.
async fn take<Q, A>(intake: &Intake, headers: &HeaderMap, body: &[u8], signal: fn(Q) -> Request) -> Response
where
    Q: prost::Message + Default + DeserializeOwned,
    A: prost::Message + Default + Serialize,
{
    let sent_as = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (decoded, answer, content_type) = match sent_as.split(';').next().unwrap_or_default().trim() {
        "application/x-protobuf" => {
            (Q::decode(body).map_err(|error| error.to_string()), A::default().encode_to_vec(), "application/x-protobuf")
        }
        "application/json" => {
            (serde_json::from_slice(body).map_err(|error| error.to_string()), b"{}".to_vec(), "application/json")
        }
        other => {
            let known = "expected application/x-protobuf or application/json";
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("Content-Type {other:?}: {known}\n")).into_response();
        }
    };
    let request = match decoded {
        Ok(request) => signal(request),
        Err(error) => return (StatusCode::BAD_REQUEST, format!("this is no OTLP: {error}\n")).into_response(),
    };
    match intake.0.send(request).await {
        Ok(()) => ([(header::CONTENT_TYPE, content_type)], answer).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
