//! Each message of the check, provoked alone.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use testkit::{Receiver, Registry, check, names_of_the_conventions};
use tracing::instrument::WithSubscriber;

/// What the check says to the telemetry of `work`.
async fn said(work: impl FnOnce(&Meter)) -> Vec<String> {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    let meter = telemetry.meter(telemetry::scope("shop", "1.2.0"));
    async { work(&meter) }.with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown().unwrap();
    let registry = Registry::read("examples/registry.toml");
    check(&receiver.capture().await, &registry).iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn good_names_pass() {
    let said = said(|meter| {
        tracing::info_span!("GET", http.request.method = "GET", http.response.status_code = 200).in_scope(|| ());
        meter.u64_counter("shop.orders").with_unit("{order}").build().add(1, &[KeyValue::new("shop.payment", "card")]);
    });
    assert_eq!(said.await, [""; 0]);
}

#[tokio::test]
async fn symptom_a_name_is_deprecated() {
    let said = said(|_| tracing::info_span!("GET", http.method = "GET").in_scope(|| ()));
    assert_eq!(said.await, ["attribute http.method is deprecated; use http.request.method"]);
}

#[tokio::test]
async fn symptom_a_name_has_become_two() {
    let said = said(|_| tracing::info_span!("GET", http.target = "/orders?page=2").in_scope(|| ()));
    assert_eq!(said.await, ["attribute http.target is deprecated: Split to `url.path` and `url.query`."]);
}

#[tokio::test]
async fn symptom_a_name_is_misspelt() {
    let said = said(|_| tracing::info_span!("GET", http.request.metod = "GET").in_scope(|| ())).await;
    assert!(said[0].ends_with("; the nearest name is http.request.method"), "{said:?}");
}

#[tokio::test]
async fn symptom_a_name_is_nobodys() {
    let said = said(|_| tracing::info_span!("GET", customer = "A-1").in_scope(|| ()));
    assert_eq!(said.await, ["attribute customer is neither in the conventions nor in registry.toml"]);
}

#[tokio::test]
async fn symptom_a_number_without_a_sign_arrives_as_text() {
    let status: u16 = 200;
    let said = said(|_| tracing::info_span!("GET", http.response.status_code = status).in_scope(|| ()));
    assert_eq!(said.await, [r#"attribute http.response.status_code: "200" is a string, should be a number"#]);
}

#[tokio::test]
async fn symptom_a_value_is_not_of_the_closed_set() {
    let cheque = [KeyValue::new("shop.payment", "cheque")];
    let said = said(|meter| meter.u64_counter("shop.orders").with_unit("{order}").build().add(1, &cheque));
    assert_eq!(said.await, [r#"attribute shop.payment: cheque is not one of ["card", "invoice"] in registry.toml"#]);
}

#[tokio::test]
async fn symptom_a_metric_has_the_wrong_unit() {
    let said = said(|meter| {
        meter.f64_histogram("http.server.request.duration").with_unit("ms").build().record(7.0, &[]);
    });
    assert_eq!(said.await, [r#"metric http.server.request.duration: its unit is "ms", should be "s""#]);
}

#[tokio::test]
async fn symptom_a_metric_is_of_the_wrong_kind() {
    let said = said(|meter| meter.u64_counter("http.server.request.duration").with_unit("s").build().add(7, &[]));
    assert_eq!(said.await, [r#"metric http.server.request.duration: its kind is "counter", should be "histogram""#]);
}

#[tokio::test]
async fn symptom_an_event_is_not_declared() {
    let said = said(|_| tracing::info!(name: "shop.order.packed", "packed"));
    assert_eq!(said.await, ["event shop.order.packed is not in registry.toml; say there what it means"]);
}

#[test]
fn symptom_the_bridge_has_a_name_that_is_in_no_convention() {
    // `tracing-opentelemetry` says where a span was made; the crate `telemetry` switches that off.
    let has = |key: &str| names_of_the_conventions().any(|name| name.name == key);
    assert!(has("code.file.path") && has("code.line.number") && !has("code.module.name"));
}
