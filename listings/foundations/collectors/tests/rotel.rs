//! Another collector in the same place: what depends on OTLP alone does not mind. Needs no Go.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{builder, work};
use telemetry::Protocol;
use testkit::Receiver;

/// Killed when dropped.
struct Rotel {
    process: Child,
    grpc: SocketAddr,
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

// ANCHOR: rotel
/// Relays to `receiver`. All of its settings are arguments or variables; there is no file.
fn rotel(receiver: &Receiver) -> Rotel {
    let (grpc, http) = (free(), free());
    let mut rotel = Command::new("rotel");
    rotel.arg("start").args(["--otlp-grpc-endpoint", &grpc.to_string(), "--otlp-http-endpoint", &http.to_string()]);
    rotel.args(["--exporter", "otlp", "--otlp-exporter-endpoint", &receiver.endpoint()]);
    rotel.args(["--batch-timeout", "100ms"]);
    let process = rotel.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let process = process.expect("rotel is missing; `cargo xtask test` brings it");
    let began = Instant::now();
    while TcpStream::connect(grpc).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "rotel does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    Rotel { process, grpc }
}

#[tokio::test]
async fn rotel_in_its_place_relays_all_three_signals() {
    let receiver = Receiver::grpc().await;
    let rotel = rotel(&receiver);
    let telemetry = builder("shop").endpoint(Protocol::Grpc, format!("http://{}", rotel.grpc)).build().unwrap();
    work(&telemetry, 0..10);
    telemetry.meter(telemetry::scope("shop", "1.0.0")).u64_counter("shop.orders").build().add(7, &[]);
    telemetry.shutdown().unwrap();
    let all = |capture: &testkit::Capture| {
        let orders = capture.metric("shop.orders", &[]).is_some_and(|orders| orders == 7);
        (capture.spans.len() == 10 && capture.logs.len() == 10 && orders).then_some(())
    };
    receiver.eventually("ten spans, ten records and the counter", all).await;
    assert!(receiver.capture().await.logs.iter().all(|log| log.span.is_some()), "records know their spans");
}
// ANCHOR_END: rotel
