//! A server for OTLP that decodes nothing: it keeps what it is sent, and answers what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The largest request that an exporter sends over HTTP.
const LARGEST: usize = 64 << 20;

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `/v1/traces`, or the name of a gRPC method.
    pub path: String,
    /// All of them, in lower case.
    pub headers: HeaderMap,
    /// Still compressed; for gRPC with its five bytes of frame.
    pub body: Bytes,
    /// When the last byte had come.
    pub at: Instant,
}

impl Received {
    /// A header as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn is_grpc(&self) -> bool {
        self.header("content-type").starts_with("application/grpc")
    }
}

/// What the server says.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Everything was taken.
    Accept,
    /// Everything was taken, except for so many spans.
    Reject(i64),
    /// A status of HTTP, with `Retry-After` in seconds.
    Http(StatusCode, Option<u64>),
    /// A status of gRPC, with `RetryInfo`.
    Grpc(Code, Option<Duration>),
    /// Nothing, for ever.
    Silence,
}

struct Office {
    answers: Vec<Answer>,
    received: Mutex<Vec<Received>>,
}

/// Listens on a port and a thread of its own. Stops when dropped.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    office: Arc<Office>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Door {
    /// Gives the first answer to the first request, the second to the second, and the last to all others.
    ///
    /// # Errors
    ///
    /// When there is no port or no thread to be had.
    pub fn open(answers: Vec<Answer>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let office = Arc::new(Office { answers, received: Mutex::default() });
        let router = Router::new().fallback(take).with_state(Arc::clone(&office));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, office, runtime: Some(runtime) })
    }

    /// Where to send: `http://127.0.0.1:PORT`. It speaks HTTP/1.1 and HTTP/2, and so gRPC as well.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.office.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // may be dropped inside another runtime
        }
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("answers", &self.answers).finish_non_exhaustive()
    }
}

async fn take(State(office): State<Arc<Office>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let received = Received { path: parts.uri.path().to_owned(), headers: parts.headers, body, at: Instant::now() };
    let number = {
        let mut all = office.received.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(received.clone());
        all.len()
    };
    match office.answers.get(number - 1).or(office.answers.last()) {
        None | Some(Answer::Silence) => std::future::pending().await,
        Some(Answer::Accept) => success(&received, ExportTraceServiceResponse::default()),
        Some(Answer::Reject(spans)) => success(&received, partial(*spans)),
        Some(Answer::Http(status, None)) => status.into_response(),
        Some(Answer::Http(status, Some(seconds))) => {
            (*status, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Some(Answer::Grpc(code, delay)) => {
            let details = ErrorDetails::with_retry_info(*delay);
            match delay {
                Some(_) => Status::with_error_details(*code, "told to", details).into_http(),
                None => Status::new(*code, "told to").into_http(),
            }
        }
    }
}

fn partial(rejected_spans: i64) -> ExportTraceServiceResponse {
    let error_message = "older than a day".to_owned();
    ExportTraceServiceResponse { partial_success: Some(ExportTracePartialSuccess { rejected_spans, error_message }) }
}

/// In the encoding of the question. gRPC frames the message with a flag and its length, and has its status last.
fn success(request: &Received, answer: ExportTraceServiceResponse) -> Response {
    let encoded = answer.encode_to_vec();
    let content_type = HeaderValue::from_str(request.header("content-type"));
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/x-protobuf"));
    let body = if request.is_grpc() {
        let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes();
        let framed = [&[0], &length[..], &encoded].concat();
        let status =
            HeaderMap::from_iter([(header::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
        Body::new(Full::new(Bytes::from(framed)).with_trailers(std::future::ready(Some(Ok(status)))))
    } else if request.header("content-type") == "application/json" {
        Body::from(json(&answer))
    } else {
        Body::from(encoded)
    };
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn json(answer: &ExportTraceServiceResponse) -> String {
    answer.partial_success.as_ref().map_or_else(
        || "{}".to_owned(),
        |partial| {
            let (spans, why) = (partial.rejected_spans, &partial.error_message);
            format!(r#"{{"partialSuccess":{{"rejectedSpans":"{spans}","errorMessage":"{why}"}}}}"#)
        },
    )
}
