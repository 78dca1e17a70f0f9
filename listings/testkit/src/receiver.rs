//! What takes OTLP in a test.

use std::sync::LazyLock;
use std::time::Duration;

use mock_collector::{MockCollector, MockServer, Protocol, ServerHandle};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout_at};
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

use crate::capture::Capture;
use crate::proxy::{Fault, FaultProxy};

/// How long [`Receiver::eventually`] waits before it gives up. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// While a process has one subscriber only, a span or event that is first reached on a thread without it is switched off
/// for good, on every thread (tokio-rs/tracing#3611). Tests side by side do exactly that. With a second subscriber,
/// which never ends, all are asked each time.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// An OTLP server on a port and a thread of its own, so that it answers while the test's only thread is busy with a
/// shutdown. It stands behind a fault proxy, which can take it down. Stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    server: ServerHandle,
    front: FaultProxy,
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
        LazyLock::force(&SECOND);
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread can start");
        let started = runtime.spawn(async move {
            let server = MockServer::builder().protocol(protocol).start().await.expect("a free port on the loopback");
            let front = FaultProxy::new(server.addr()).await;
            (server, front)
        });
        let (server, front) = started.await.expect("it does not panic");
        Self { server, front, protocol, runtime: Some(runtime) }
    }

    /// Where to send: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.front.address())
    }

    /// The protocol as `OTEL_EXPORTER_OTLP_PROTOCOL` spells it, for child processes.
    pub fn protocol(&self) -> &'static str {
        match self.protocol {
            Protocol::Grpc => "grpc",
            Protocol::HttpJson => "http/json",
            _ => "http/protobuf",
        }
    }

    /// Telemetry that sends here, is silent on the console, and ignores what the environment says of exporters.
    pub fn telemetry(&self, service_name: &'static str) -> telemetry::Builder {
        let builder = telemetry::Builder::new(service_name).config(telemetry::Config::default());
        builder.endpoint(self.protocol, self.endpoint()).console(false)
    }

    /// Lets the receiver be down, slow or mad from now on; [`Fault::Pass`] brings it back.
    pub fn set(&self, fault: Fault) {
        self.front.set(fault);
    }

    /// Everything received so far.
    pub async fn capture(&self) -> Capture {
        self.server.with_collector(Capture::of).await
    }

    /// How many spans have arrived.
    pub async fn span_count(&self) -> usize {
        self.server.with_collector(MockCollector::span_count).await
    }

    /// Looks whenever something has arrived, until `found` finds what it wants. For what no flush announces: another
    /// process, a background export.
    ///
    /// # Panics
    ///
    /// When nothing was found in ten seconds, with what was received.
    pub async fn eventually<T>(&self, what: &str, found: impl Fn(&Capture) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut answers = self.front.answers();
        loop {
            answers.borrow_and_update();
            let capture = self.capture().await;
            if let Some(found) = found(&capture) {
                return found;
            }
            let in_time = timeout_at(deadline, answers.changed()).await.is_ok();
            assert!(in_time, "{what} did not arrive; received:\n{capture}");
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
