//! From 0.27 to 0.33: the old form refused, the new one run.
//!
//! Each item is one change. Its documentation has the old form, with the error that the compiler gives today, and its
//! body is the new form, which the tests run. By topic, in reading order: [`setup`], [`shutdown`], [`metrics`], [`logs`],
//! [`context`], [`exporters`], [`conventions`]. What changed without a compiler's error stands in the tests. [`features`]
//! and [`versions`] are the changes in `Cargo.toml`.

pub mod context;
pub mod conventions;
pub mod exporters;
pub mod features;
pub mod logs;
pub mod metrics;
pub mod setup;
pub mod shutdown;
pub mod versions;

/// What the old forms may use, for the test that reads the compiler's errors.
#[doc(hidden)]
pub mod crates {
    pub use {
        async_trait, http, opentelemetry, opentelemetry_appender_tracing, opentelemetry_http, opentelemetry_otlp,
        opentelemetry_sdk, opentelemetry_semantic_conventions, tracing, tracing_opentelemetry,
    };
}
