//! A request, as the conventions describe it.

use conventions::request::{Failure, attributes, duration};
use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use testkit::{Receiver, Registry, check};

#[tokio::test]
async fn a_request_passes_the_check() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    let duration = duration(&telemetry.meter(telemetry::scope("shop", "1.2.0")));
    for end in [Ok(StatusCode::OK), Ok(StatusCode::BAD_GATEWAY), Err(Failure::Timeout)] {
        duration.record(0.1, &attributes(&Method::GET, Some("/orders/{id}"), end));
    }
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(capture.metrics[0].points.len(), 3);
    assert_eq!(check(&capture, &Registry::default()), []);
}

// ANCHOR: error
fn error_type(end: Result<StatusCode, Failure>) -> Option<String> {
    let attributes = attributes(&Method::GET, None, end);
    attributes.into_iter().find(|kv| kv.key.as_str() == "error.type").map(|kv| kv.value.to_string())
}

#[test]
fn an_error_has_a_type_and_a_success_has_none() {
    assert_eq!(error_type(Ok(StatusCode::OK)), None);
    assert_eq!(error_type(Ok(StatusCode::NOT_FOUND)), None, "it is the client's mistake");
    assert_eq!(error_type(Ok(StatusCode::BAD_GATEWAY)).unwrap(), "502");
    assert_eq!(error_type(Err(Failure::Timeout)).unwrap(), "timeout");
}
// ANCHOR_END: error

#[test]
fn a_method_that_nobody_knows_is_other() {
    let method = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(attributes(&method, None, Ok(StatusCode::OK))[0], KeyValue::new("http.request.method", "_OTHER"));
}

#[test]
fn a_scope_says_which_names_it_uses() {
    let scope = telemetry::scope("shop", "1.2.0");
    assert_eq!(scope.schema_url(), Some("https://opentelemetry.io/schemas/1.42.0"));
}
