use std::process::Output;

use testkit::{Receiver, example};

/// Runs the example with these variables and nothing else of `OTEL_*`.
async fn run(code: Option<&str>, variables: &[(&str, &str)]) -> Output {
    let mut command = example("migration-exporter");
    command.args(code).envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

#[tokio::test]
async fn changed_the_environment_chooses_the_transport() {
    for receiver in [Receiver::grpc().await, Receiver::http().await, Receiver::http_json().await] {
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol());
        run(None, &[protocol, ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())]).await;
        assert_eq!(receiver.span_count().await, 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn changed_the_code_wins_over_the_environment() {
    let (code, environment) = (Receiver::grpc().await, Receiver::grpc().await);
    run(Some(&code.endpoint()), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &environment.endpoint())]).await;
    assert_eq!((code.span_count().await, environment.span_count().await), (1, 0));
}

#[tokio::test]
async fn changed_ten_is_no_longer_ten_seconds() {
    let said = said(&run(None, &[GRPC, ("OTEL_EXPORTER_OTLP_TIMEOUT", "10")]).await);
    assert!(said.contains("timeout_in_millisecs=10 "), "{said}");
}

// ANCHOR: scheme
#[tokio::test]
async fn changed_an_endpoint_without_a_scheme_is_encrypted() {
    let receiver = Receiver::grpc().await;
    let endpoint = receiver.endpoint().replace("http://", ""); // as in many a compose file
    let variables = [GRPC, ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    let output = run(None, &variables).await;
    assert_eq!(receiver.span_count().await, 0);
    assert!(said(&output).contains(&format!("endpoint=\"https://{endpoint}\"")), "{output:?}");

    run(None, &[variables[0], variables[1], ("OTEL_EXPORTER_OTLP_INSECURE", "true")]).await;
    assert_eq!(receiver.span_count().await, 1);
}

#[tokio::test]
async fn changed_an_endpoint_that_is_none_stops_the_program() {
    for protocol in ["grpc", "http/protobuf"] {
        let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")];
        let output = run(None, &variables).await;
        assert!(!output.status.success(), "{output:?}");
        assert!(said(&output).contains("OTEL_EXPORTER_OTLP_ENDPOINT: invalid endpoint"), "{output:?}");
    }
}
// ANCHOR_END: scheme

// ANCHOR: unread
#[tokio::test]
async fn symptom_variables_of_the_specification_are_not_read() {
    let unread = [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_PROPAGATORS", "none")];
    for variable in unread {
        let receiver = Receiver::grpc().await;
        run(None, &[GRPC, ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()), variable]).await;
        assert_eq!(receiver.span_count().await, 1, "{variable:?}");
    }
}
// ANCHOR_END: unread

#[tokio::test]
async fn changed_a_service_without_a_name_is_called_after_its_program() {
    let receiver = Receiver::grpc().await;
    let variables = [GRPC, ("OTEL_EXPORTER_OTLP_ENDPOINT", &*receiver.endpoint())];
    run(None, &variables).await;
    assert_eq!(receiver.capture().await.resources[0]["service.name"], "unknown_service:migration-exporter");
}
