//! What a library costs a program that set nothing up.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer, noop::NoopTracer};
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing::subscriber::{NoSubscriber, with_default};

/// Whether anybody computed the value of the field.
fn asked(work: impl FnOnce(&dyn Fn() -> i64)) -> bool {
    let asked = Cell::new(false);
    work(&|| {
        asked.set(true);
        3
    });
    asked.get()
}

#[test]
fn without_a_subscriber_fields_are_not_computed() {
    with_default(NoSubscriber::new(), || {
        assert!(tracing::info_span!("pack").is_disabled());
        assert!(!asked(|items| drop(tracing::info_span!("pack", order.items = items()))));
        assert!(!asked(|items| tracing::info!(order.items = items(), "packed")));
    });
}

#[test]
fn without_a_provider_attributes_are_computed_all_the_same() {
    let tracer = NoopTracer::new(); // what `global::tracer` is made of before a provider is set
    let computed = asked(|items| {
        let mut span = tracer.start("pack");
        assert!(!span.is_recording() && !span.span_context().is_valid());
        span.set_attribute(KeyValue::new("order.items", items()));
    });
    assert!(computed, "ask `is_recording` before you compute something expensive");
}

#[test]
fn no_crate_in_this_tree_compiled_levels_out() {
    assert_eq!(STATIC_MAX_LEVEL, LevelFilter::TRACE, "`max_level_*` of one crate counts for all");
}
