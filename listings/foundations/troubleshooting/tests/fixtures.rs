//! What a wrong dependency tree does, and that the pinned one does not.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{build, cargo};
use opentelemetry::trace::{Tracer, TracerProvider, get_active_span};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use testkit::{Capture, Receiver, example};
use tokio::process::Command;

/// What a program prints, and what arrives of it. It gets ten seconds.
async fn run(program: &Path) -> (Option<String>, Capture) {
    let receiver = Receiver::http().await;
    let mut command = Command::new(program);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()).kill_on_drop(true).stdin(Stdio::null());
    let output = tokio::time::timeout(Duration::from_secs(10), command.output()).await;
    let printed = output.ok().map(|output| output.unwrap());
    let printed =
        printed.map(|output| [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat());
    (printed, receiver.capture().await)
}

// ANCHOR: two_versions
#[tokio::test]
async fn symptom_spans_vanish_between_two_versions() {
    let (printed, capture) = run(&build("two-versions", "two-versions", "")).await;
    assert_eq!(printed.unwrap(), "", "it compiles, it runs, and it says nothing");
    assert_eq!(capture.tree(), "order\n", "the span of the library is not there");
}

#[test]
fn symptom_the_bridge_does_not_fit_the_sdk() {
    let built = cargo("two-versions", &["build", "--bin", "bridge"]);
    let said = String::from_utf8(built.stderr).unwrap();
    assert!(
        said.contains("the trait bound `SdkTracer: opentelemetry::trace::tracer::Tracer` is not satisfied"),
        "{said}"
    );
    assert!(said.contains("there are multiple different versions of crate `opentelemetry`"), "{said}");
}

#[test]
fn cargo_tree_finds_the_second_version() {
    let tree = cargo("two-versions", &["tree", "--duplicates", "--edges", "normal", "--depth", "0"]);
    let tree = String::from_utf8(tree.stdout).unwrap();
    let twice: Vec<_> = tree.lines().filter(|line| line.starts_with("opentelemetry v")).collect();
    assert_eq!(twice, ["opentelemetry v0.32.0", "opentelemetry v0.33.1"], "{tree}");
}
// ANCHOR_END: two_versions

// ANCHOR: async_client
#[tokio::test]
async fn symptom_the_export_thread_panics_because_of_a_feature() {
    let (printed, capture) = run(&build("async-client", "async-client", "elsewhere")).await;
    let printed = printed.unwrap();
    assert!(printed.contains("there is no reactor running"), "{printed}");
    assert_eq!(capture.spans, [], "{printed}");
}

#[tokio::test]
async fn without_the_feature_the_span_arrives() {
    let (printed, capture) = run(&build("async-client", "async-client", "")).await;
    assert_eq!((printed.unwrap().as_str(), capture.tree().as_str()), ("", "order\n"));
}
// ANCHOR_END: async_client

// ANCHOR: older
#[tokio::test]
async fn symptom_0_32_0_panics_when_a_span_starts_inside_get_active_span() {
    let (printed, _) = run(&build("older", "nested", "")).await;
    assert!(printed.unwrap().contains("RefCell already borrowed"));
}

#[test]
fn with_0_33_a_span_starts_inside_get_active_span() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let tracer = provider.tracer("pinned");
    get_active_span(|_span| drop(tracer.start("nested")));
    assert_eq!(exporter.get_finished_spans().unwrap()[0].name, "nested");
}

#[tokio::test]
async fn symptom_the_bridge_0_32_1_waits_for_itself() {
    let (printed, _) = run(&build("older", "deep", "")).await;
    assert_eq!(printed, None, "it never ends");
}

#[tokio::test]
async fn the_bridge_0_34_goes_on() {
    let program = example("troubleshooting-deep").get_program().to_owned();
    assert_eq!(run(program.as_ref()).await.0.as_deref(), Some("entered\n"));
}
// ANCHOR_END: older

/// A fixture shows what it shows with the versions of this book.
#[test]
fn the_fixtures_have_the_versions_of_the_workspace() {
    let packages = |lock: &str| -> Vec<(String, String)> {
        let lock: toml::Table =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(lock)).unwrap().parse().unwrap();
        let text = |package: &toml::Value, key| package[key].as_str().unwrap().to_owned();
        let packages = lock["package"].as_array().unwrap().iter().filter(|package| package.get("source").is_some());
        packages.map(|package| (text(package, "name"), text(package, "version"))).collect()
    };
    let ours = packages("../../../Cargo.lock");
    for fixture in ["async-client", "two-versions"] {
        for package in packages(&format!("fixtures/{fixture}/Cargo.lock")) {
            let is_older =
                fixture == "two-versions" && package.0.contains("opentelemetry") && !package.1.starts_with("0.33.1");
            assert!(
                is_older || ours.contains(&package),
                "{fixture}: {package:?} is not in the workspace's lock; see CONTRIBUTING.md"
            );
        }
    }
}
