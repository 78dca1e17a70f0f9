//! The standard variables, set for a process of its own.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use common::{example, example_to};
use testkit::{Capture, Receiver};
use tracing::Dispatch;

/// Runs the example `order` with these variables: its exit code and what it wrote to standard error.
async fn order(mut command: std::process::Command, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}

fn counts(capture: &Capture) -> [usize; 3] {
    [capture.spans.len(), capture.metrics.len(), capture.logs.len()]
}

#[tokio::test]
async fn the_protocol_is_chosen_for_all_signals() {
    for receiver in [Receiver::grpc().await, Receiver::http().await, Receiver::http_json().await] {
        let (code, stderr) = order(example_to("order", &receiver), &[]).await;
        assert_eq!(code, Some(0), "{stderr}");
        assert_eq!(counts(&receiver.capture().await), [1, 1, 1], "{}", receiver.protocol());
    }
}

#[tokio::test]
async fn a_signal_can_go_another_way() {
    let (grpc, http) = (Receiver::grpc().await, Receiver::http().await);
    let traces = format!("{}/v1/traces", http.endpoint());
    let variables =
        [("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces)];
    let (code, stderr) = order(example_to("order", &grpc), &variables).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!((counts(&grpc.capture().await), counts(&http.capture().await)), ([0, 1, 1], [1, 0, 0]));
}

#[tokio::test]
async fn the_default_is_http_with_protobuf_and_an_unknown_protocol_is_a_warning() {
    for (protocol, warned) in [("", false), ("thrift", true)] {
        let receiver = Receiver::http().await;
        let command = example_to("order", &receiver);
        let (code, stderr) = order(command, &[("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)]).await;
        let logs = 1 + usize::from(warned); // the warning is a log record as well
        assert_eq!((code, counts(&receiver.capture().await)), (Some(0), [1, 1, logs]), "{stderr}");
        let warning = "WARN telemetry: OTEL_EXPORTER_OTLP_PROTOCOL: ignoring `thrift`, expected grpc, http/protobuf";
        assert_eq!(stderr.contains(warning), warned, "{stderr}");
    }
}

#[tokio::test]
async fn the_port_of_the_other_protocol_is_a_warning() {
    for (protocol, port, advice) in
        [("", 4317, "take 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), ("grpc", 4318, "take 4317, or http/protobuf")]
    {
        let endpoint = format!("http://127.0.0.99:{port}"); // nobody listens there
        let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)];
        let (_, stderr) = order(example("order"), &variables).await;
        assert_eq!(stderr.matches(advice).count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn who_deploys_names_the_service() {
    let receiver = Receiver::grpc().await;
    order(example_to("order", &receiver), &[]).await;
    let variables = [
        ("OTEL_SERVICE_NAME", "checkout"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.version=9.9,service.instance.id=pod-7"),
    ];
    order(example_to("order", &receiver), &variables).await;

    let capture = receiver.capture().await;
    let [deployed, compiled] = capture.resources.as_slice() else { panic!("{:#?}", capture.resources) };
    assert_eq!((&deployed["service.name"], &deployed["service.version"]), (&"checkout".into(), &"9.9".into()));
    assert_eq!(deployed["deployment.environment.name"], "test");
    assert_eq!((&compiled["service.name"], &compiled["service.version"]), (&"order".into(), &"0.1.0".into()));
    assert_eq!(compiled["service.instance.id"], "<instance>");
}

#[tokio::test]
async fn what_is_switched_off_is_not_sent() {
    for (variable, value, expected) in [
        ("OTEL_SDK_DISABLED", "true", [0, 0, 0]),
        ("OTEL_TRACES_EXPORTER", "none", [0, 1, 1]),
        ("OTEL_METRICS_EXPORTER", "none", [1, 0, 1]),
        ("OTEL_LOGS_EXPORTER", "none", [1, 1, 0]),
        ("OTEL_TRACES_SAMPLER", "always_off", [0, 1, 1]),
    ] {
        let receiver = Receiver::grpc().await;
        let (code, stderr) = order(example_to("order", &receiver), &[(variable, value)]).await;
        assert_eq!((code, counts(&receiver.capture().await)), (Some(0), expected), "{variable} {stderr}");
        assert!(stderr.contains("packed"), "log lines stay: {stderr}");
    }
}

#[tokio::test]
async fn a_batch_goes_out_after_the_delay_of_the_environment() {
    let receiver = Receiver::grpc().await;
    let mut worker = example_to("worker", &receiver)
        .env("OTEL_BSP_SCHEDULE_DELAY", "20")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    receiver.eventually("a span in the background", |capture| capture.spans.first().map(drop)).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[tokio::test]
async fn a_setting_that_cannot_work_is_an_error_that_names_it() {
    for (protocol, endpoint) in [("grpc", "http://collector:port"), ("http/protobuf", "localhost:4318")] {
        let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
        let (code, stderr) = order(example("order"), &variables).await;
        assert_eq!(code, Some(1));
        for part in [endpoint, "check OTEL_EXPORTER_OTLP_ENDPOINT"] {
            assert!(stderr.contains(part), "{stderr}");
        }
    }
}

#[tokio::test]
async fn without_a_collector_the_program_works_and_says_what_is_lost() {
    let endpoint = format!("http://{}", nobody().await);
    for protocol in ["grpc", "http/protobuf"] {
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("RUST_LOG", "order=info"), // which does not name the SDK
        ];
        let (code, stderr) = order(example("order"), &variables).await;
        assert_eq!(code, Some(0), "{stderr}");
        for sign in
            ["BatchSpanProcessor.ExportError", "telemetry was not delivered: ", "traces: ", "metrics: ", "logs: "]
        {
            assert!(stderr.contains(sign), "{protocol}: no {sign} in\n{stderr}");
        }
    }
}

/// Takes requests of any kind and remembers their headers.
async fn headers_of_all() -> (SocketAddr, Arc<Mutex<Vec<HeaderMap>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = seen.clone();
    let router = Router::new().fallback(async move |headers: HeaderMap| {
        heard.lock().unwrap().push(headers);
        StatusCode::OK
    });
    (testkit::serve(router, Dispatch::none()).await, seen)
}

#[tokio::test]
async fn headers_and_compression_reach_the_collector() {
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let (address, seen) = headers_of_all().await;
        let endpoint = format!("http://{address}");
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,x-tenant=a%20b"),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "api-key=for-logs"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ];
        let (_, stderr) = order(example("order"), &variables).await;
        let seen = seen.lock().unwrap();
        let encoding = if protocol == "grpc" { "grpc-encoding" } else { "content-encoding" };
        let keys: Vec<_> = seen.iter().filter_map(|headers| headers.get("api-key")?.to_str().ok()).collect();
        assert!(keys.contains(&"secret") && keys.contains(&"for-logs"), "{protocol} {keys:?} {stderr}");
        assert!(seen.iter().all(|headers| headers[encoding] == "gzip"), "{protocol} {seen:?}");
        assert!(seen.iter().any(|headers| headers.get("x-tenant").is_some_and(|tenant| tenant == "a b")), "{seen:?}");
    }
}
