//! What must not leave, and what is too much.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Pipeline, received};
use logs::processors::{Bounded, Secret};
use opentelemetry_sdk::trace::Sampler;
use testkit::Receiver;
use tracing::dispatcher::with_default;
use tracing::info;
use tracing::level_filters::LevelFilter;

#[expect(dead_code, reason = "it is only printed")]
#[derive(Debug)]
struct Form<P> {
    user: &'static str,
    password: P,
}

#[tokio::test]
async fn symptom_debug_prints_the_password() {
    let form = Form { user: "ada", password: "correct horse" };
    let capture = received(|_| info!(?form, "logged in")).await;
    assert!(capture.logs[0].attributes["form"].as_str().unwrap().contains("correct horse"));
}

#[tokio::test]
async fn hidden_by_its_type() {
    let form = Form { user: "ada", password: Secret::new("correct horse") };
    let capture = received(|_| info!(?form, "logged in")).await;
    assert_eq!(capture.logs[0].attributes["form"], r#"Form { user: "ada", password: [hidden] }"#);
    assert_eq!(form.password.reveal(), "correct horse");
}

#[tokio::test]
async fn symptom_the_sdk_cuts_nothing() {
    let text = "x".repeat(500_000);
    let capture = received(|_| info!(text, "{text}")).await;
    assert_eq!(
        (capture.logs[0].body.len(), capture.logs[0].attributes["text"].as_str().unwrap().len()),
        (500_000, 500_000)
    );
}

// ANCHOR: fat
#[tokio::test]
async fn symptom_one_record_that_is_too_big_takes_its_batch_along() {
    let receiver = Receiver::grpc().await; // takes messages up to 4 MiB, like the Collector
    let telemetry = receiver.telemetry("shop").build().unwrap();
    with_default(&telemetry.dispatch(), || {
        info!("small");
        info!(text = "x".repeat(5 << 20), "big");
    });
    telemetry.shutdown().expect_err("the batch is refused");
    assert_eq!(receiver.capture().await.logs, []);
}
// ANCHOR_END: fat

#[tokio::test]
async fn hidden_and_cut_by_a_processor() {
    let pipeline = Pipeline::new(Sampler::AlwaysOn, |logs, batches| {
        logs.with_log_processor(Bounded::new(batches, &["user.email"], 10))
    })
    .await;
    let work = || {
        tracing::info_span!("order").in_scope(|| {
            info!(user.email = "ada@example.com", order.items = 3, text = "x".repeat(5 << 20), "日志日志日志");
        });
    };
    let (capture, _) = pipeline.run(LevelFilter::INFO, "off", work).await;
    let [record] = capture.logs.as_slice() else { panic!("{capture}") };
    assert_eq!((record.body.as_str(), record.severity.as_str(), record.span), ("日志日…", "INFO", Some(0)));
    assert_eq!((&record.attributes["user.email"], &record.attributes["order.items"]), (&"[hidden]".into(), &3.into()));
    assert_eq!(record.attributes["text"], "xxxxxxxxxx…");
}
