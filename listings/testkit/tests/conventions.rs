//! What follows the conventions passes, and each departure is named.
#![allow(clippy::unwrap_used)]

use opentelemetry::KeyValue;
use testkit::{Capture, Receiver, Registry, check};
use tracing::instrument::WithSubscriber;

async fn capture(work: impl FnOnce(&opentelemetry::metrics::Meter)) -> Capture {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("test").build().unwrap();
    let meter = telemetry.meter(telemetry::scope("test", "0"));
    async { work(&meter) }.with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown().unwrap();
    receiver.capture().await
}

fn violations(capture: &Capture, registry: &Registry) -> Vec<String> {
    check(capture, registry).iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn names_of_the_conventions_pass() {
    let capture = capture(|meter| {
        tracing::info_span!("GET", http.request.method = "GET", server.address = "example.com").in_scope(|| ());
        meter.f64_histogram("http.client.request.duration").with_unit("s").build().record(0.1, &[]);
    })
    .await;
    assert_eq!(violations(&capture, &Registry::default()), [""; 0]);
}

#[tokio::test]
async fn a_deprecated_an_unknown_and_a_misspelt_name_fail() {
    let capture = capture(|meter| {
        tracing::info_span!("GET", http.method = "GET", http.request.methods = "GET").in_scope(|| ());
        meter.u64_counter("circuit_breaker.calls").build().add(1, &[KeyValue::new("queue", "q")]);
    })
    .await;
    let violations = violations(&capture, &Registry::default());
    let [deprecated, misspelt, unknown, metric] = violations.as_slice() else { panic!("{violations:#?}") };
    assert_eq!(deprecated, "attribute http.method is deprecated; use http.request.method");
    assert!(misspelt.ends_with("the nearest name is http.request.method"), "{misspelt}");
    assert_eq!(unknown, "attribute queue is neither in the conventions nor in registry.toml");
    assert!(metric.starts_with("metric circuit_breaker.calls is neither"), "{metric}");
}

#[tokio::test]
async fn a_value_of_another_type_fails() {
    let code = 200_u16; // `tracing` spans carry unsigned numbers as text
    let capture = capture(|_| tracing::info_span!("GET", http.response.status_code = code).in_scope(|| ())).await;
    let expected = r#"attribute http.response.status_code: "200" is a string, should be a number"#;
    assert_eq!(violations(&capture, &Registry::default()), [expected]);
}

#[tokio::test]
async fn a_wrong_unit_and_a_wrong_kind_fail() {
    let capture = capture(|meter| {
        meter.u64_counter("http.client.request.duration").with_unit("ms").build().add(1, &[]);
    })
    .await;
    assert_eq!(
        violations(&capture, &Registry::default()),
        [
            r#"metric http.client.request.duration: its kind is "counter", should be "histogram""#,
            r#"metric http.client.request.duration: its unit is "ms", should be "s""#,
        ]
    );
}

#[tokio::test]
async fn a_registry_adds_names_and_closes_sets_of_values() {
    let registry = registry(
        r#"
[metric."jobs.done"]
unit = "{job}"
kind = "counter"
meaning = { en = "Jobs done.", zh = "完成的任务数。" }
[attribute."job.result"]
type = "string"
values = ["ok", "failed"]
meaning = { en = "How it ended.", zh = "结局。" }
"#,
    );
    let jobs = |key: &'static str, result: opentelemetry::Value| {
        capture(move |meter| {
            meter.u64_counter("jobs.done").with_unit("{job}").build().add(1, &[KeyValue::new(key, result)]);
        })
    };
    assert_eq!(violations(&jobs("job.result", "ok".into()).await, &registry), [""; 0]);
    let red = violations(&jobs("job.result", "exploded".into()).await, &registry);
    assert_eq!(red, [r#"attribute job.result: exploded is not one of ["ok", "failed"] in registry.toml"#]);
    let red = violations(&jobs("job.result", 7.into()).await, &registry);
    assert_eq!(red, ["attribute job.result: 7 is not of the type string that registry.toml gives it"]);
    let red = violations(&jobs("job.results", "ok".into()).await, &registry);
    assert!(red[0].ends_with("the nearest name is job.result"), "{red:?}");
}

#[test]
fn a_registry_may_not_repeat_the_conventions() {
    let registry = registry("[attribute.\"http.method\"]\nmeaning = { en = \"x\", zh = \"x\" }");
    let red = violations(&Capture::default(), &registry);
    assert_eq!(red, ["http.method is in the conventions; registry.toml may not have it"]);
}

#[test]
fn a_registry_with_a_mistake_names_file_line_and_reason() {
    let mistake = "[metric.\"jobs.done\"]\nunit = \"{job}\"\nkind = \"meter\"\nmeaning = { en = \"x\", zh = \"x\" }";
    let panic = std::panic::catch_unwind(|| registry(mistake)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("registry.toml: TOML parse error at line 3"), "{message}");
    assert!(message.contains("unknown variant `meter`, expected one of `counter`"), "{message}");
}

fn registry(text: &str) -> Registry {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.toml");
    std::fs::write(&path, text).unwrap();
    Registry::read(&path)
}
