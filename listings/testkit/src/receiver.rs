//! What takes OTLP in a test.

use std::time::Duration;

use mock_collector::{MockCollector, MockServer, Protocol, ServerHandle};
use tokio::runtime::{Builder, Runtime};

use crate::capture::Capture;

/// How long [`Receiver::eventually`] waits before it gives up. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// An OTLP server on a port and a thread of its own, so that it answers while the test's only thread is busy with a
/// shutdown. Stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    server: ServerHandle,
    protocol: Protocol,
    runtime: Option<Runtime>,
}

impl Receiver {
    /// Listens for OTLP over gRPC.
    pub async fn grpc() -> Self {
        Self::start(Protocol::Grpc).await
    }

    /// Listens for OTLP over HTTP with protobuf.
    pub async fn http() -> Self {
        Self::start(Protocol::HttpBinary).await
    }

    /// Listens for OTLP over HTTP with JSON.
    pub async fn http_json() -> Self {
        Self::start(Protocol::HttpJson).await
    }

    async fn start(protocol: Protocol) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread can start");
        let started = runtime.spawn(MockServer::builder().protocol(protocol).start());
        let server = started.await.expect("it does not panic").expect("a free port on the loopback");
        Self { server, protocol, runtime: Some(runtime) }
    }

    /// Where to send: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    /// The protocol as `OTEL_EXPORTER_OTLP_PROTOCOL` spells it, for child processes.
    pub fn protocol(&self) -> &'static str {
        match self.protocol {
            Protocol::Grpc => "grpc",
            Protocol::HttpJson => "http/json",
            _ => "http/protobuf",
        }
    }

    /// Telemetry that sends here and is silent on the console.
    pub fn telemetry(&self, service_name: &'static str) -> telemetry::Builder {
        telemetry::Builder::new(service_name).endpoint(self.protocol, self.endpoint()).console(false)
    }

    /// Everything received so far.
    pub async fn capture(&self) -> Capture {
        self.server.with_collector(Capture::of).await
    }

    /// How many spans have arrived.
    pub async fn span_count(&self) -> usize {
        self.server.with_collector(MockCollector::span_count).await
    }

    /// Looks until `found` finds something. For what no flush announces: another process, a background export.
    ///
    /// # Panics
    ///
    /// When nothing was found in ten seconds, with what was received.
    pub async fn eventually<T>(&self, what: &str, found: impl Fn(&Capture) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(Duration::from_millis(10));
        loop {
            look.tick().await;
            let capture = self.capture().await;
            if let Some(found) = found(&capture) {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "{what} did not arrive; received:\n{capture}");
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // A runtime may not be awaited inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
