//! The configuration that cannot be run here, as far as it can be checked.
#![allow(clippy::unwrap_used)]

mod common;

use collectors::Settings;
use common::config;
use serde_json::{Value, json};

/// `balance.yaml`, in which another exporter stands for the one that our collector does not have.
fn without_the_balancer() -> Value {
    let text = std::fs::read_to_string(config("balance.yaml")).unwrap();
    let mut all: Value = serde_saphyr::from_str(&text).unwrap();
    let mut otlp = all["exporters"]["load_balancing"]["protocol"]["otlp"].take();
    otlp["endpoint"] = "gateway.example:4317".into();
    all["exporters"] = json!({ "otlp_grpc": otlp });
    all["service"]["pipelines"]["traces"]["exporters"] = json!(["otlp_grpc"]);
    all
}

fn validate(config: &Value) -> Result<(), collectors::Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balance.yaml"); // JSON is YAML
    std::fs::write(&file, config.to_string()).unwrap();
    Settings::new(file).validate()
}

#[test]
fn around_the_balancer_the_configuration_is_valid() {
    validate(&without_the_balancer()).unwrap();
    let mut wrong = without_the_balancer();
    wrong["exporters"]["otlp_grpc"]["tiemout"] = "5s".into();
    assert!(validate(&wrong).unwrap_err().to_string().contains("tiemout"), "a mistake is seen");
}

#[test]
fn the_balancer_itself_is_not_in_our_collector() {
    let error = Settings::new(config("balance.yaml")).validate().unwrap_err().to_string();
    assert!(error.contains(r#"unknown type: "load_balancing""#), "{error}");
}
