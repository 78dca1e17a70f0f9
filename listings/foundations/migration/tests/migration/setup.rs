use migration::{conventions, setup, shutdown};
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::Protocol;
use testkit::Receiver;

#[tokio::test]
async fn the_new_setup_delivers() {
    let receiver = Receiver::http().await;
    let provider = setup::provider(setup::exporter(&receiver.endpoint()).unwrap());
    let tracer = provider.tracer("checkout");
    tracer.build(tracer.span_builder("work").with_attributes(conventions::request()));
    shutdown::end(&provider).unwrap();
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "work\n");
    assert_eq!(capture.resources[0]["service.name"], "checkout");
    assert_eq!(capture.spans[0].attributes["http.request.method"], "GET");
}

#[test]
fn a_build_error_says_whose_mistake_it_is() {
    let error = setup::exporter("no endpoint").unwrap_err();
    let advice = setup::advice(&error);
    assert!(advice.starts_with("correct the configuration: endpoint: invalid endpoint"), "{advice}");
}

#[test]
fn each_protocol_has_a_name() {
    let names = [Protocol::Grpc, Protocol::HttpBinary, Protocol::HttpJson].map(setup::name);
    assert_eq!(names, ["grpc", "http/protobuf", "http/json"]);
}
