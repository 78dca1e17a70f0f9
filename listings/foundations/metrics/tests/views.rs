//! What each view changes, and what it leaves.
#![allow(clippy::unwrap_used)]

mod common;

use common::value;
use metrics::peek::{Peek, Series, Value};
use metrics::views::{view, views};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::{Aggregation, Instrument, SdkMeterProvider, Stream, Temporality};

/// What arrives of the instruments that `work` makes, through the five views.
fn through_views(work: impl FnOnce(&Meter)) -> Vec<Series> {
    let peek = Peek::new(Temporality::Cumulative);
    let provider = peek.provider(views(SdkMeterProvider::builder()).unwrap());
    work(&provider.meter("lib"));
    peek.collect(&provider)
}

#[test]
fn a_view_renames_and_keeps_the_unit() {
    let series = through_views(|meter| meter.u64_counter("lib.req").with_unit("{request}").build().add(1, &[]));
    assert_eq!((series[0].name.as_str(), series[0].unit.as_str()), ("lib.requests", "{request}"));
}

#[test]
fn a_view_drops_attributes_and_adds_up_what_remains() {
    let series = through_views(|meter| {
        let calls = meter.u64_counter("lib.calls").build();
        for customer in ["a", "b", "c"] {
            calls.add(1, &[KeyValue::new("lib.outcome", "ok"), KeyValue::new("lib.customer", customer)]);
        }
    });
    assert_eq!((series.len(), value(&series, "lib.calls", "lib.outcome=ok")), (1, Some(3.0)));
}

#[test]
fn a_view_drops_an_instrument() {
    assert_eq!(through_views(|meter| meter.u64_counter("lib.noise").build().add(1, &[])), []);
}

#[test]
fn a_view_raises_the_limit() {
    let series = through_views(|meter| {
        let sessions = meter.u64_counter("lib.sessions").build();
        (0..3_000).for_each(|session| sessions.add(1, &[KeyValue::new("lib.session", session)]));
    });
    assert_eq!(series.len(), 3_000);
}

#[test]
fn a_view_wins_over_the_boundaries_of_the_instrument() {
    let series = through_views(|meter| {
        let duration = meter.f64_histogram("lib.duration").with_boundaries(vec![1.0, 2.0]).build();
        [0.011, 0.012, 3.0].into_iter().for_each(|seconds| duration.record(seconds, &[]));
    });
    let Value::Histogram { buckets, .. } = &series[0].value else { panic!("{series:?}") };
    assert!(buckets.iter().filter(|bucket| bucket.count == 1).count() >= 2, "11 and 12 ms are apart: {buckets:?}");
}

#[test]
fn an_instrument_that_no_view_names_stays_as_it_is() {
    let series = through_views(|meter| meter.u64_counter("lib.other").build().add(1, &[]));
    assert_eq!(value(&series, "lib.other", ""), Some(1.0));
}

#[test]
fn symptom_two_views_of_one_instrument_are_two_metrics() {
    let peek = Peek::new(Temporality::Cumulative);
    let builder = SdkMeterProvider::builder()
        .with_view(view("requests", || Stream::builder().with_cardinality_limit(100)).unwrap())
        .with_view(view("requests", || Stream::builder().with_name("http.requests")).unwrap());
    let provider = peek.provider(builder);
    provider.meter("shop").u64_counter("requests").build().add(1, &[]);
    let names: Vec<_> = peek.collect(&provider).into_iter().map(|series| series.name).collect();
    assert_eq!(names, ["http.requests", "requests"]);
}

// ANCHOR: swallowed
#[test]
fn symptom_a_stream_that_does_not_build_is_no_view() {
    let peek = Peek::new(Temporality::Cumulative);
    let swallowed = |instrument: &Instrument| match instrument.name() {
        "wait" => Stream::builder().with_aggregation(falling()).build().ok(), // as in many examples
        _ => None,
    };
    let provider = peek.provider(SdkMeterProvider::builder().with_view(swallowed));
    provider.meter("shop").f64_histogram("wait").build().record(0.5, &[]);
    let series = peek.collect(&provider);
    let Value::Histogram { buckets, .. } = &series[0].value else { panic!("{series:?}") };
    assert_eq!(buckets.len(), 16, "the default boundaries, and not a word");
}

#[test]
fn the_mistake_is_said_when_the_stream_is_built_before() {
    assert!(view("wait", || Stream::builder().with_aggregation(falling())).is_err());
}
// ANCHOR_END: swallowed

fn falling() -> Aggregation {
    Aggregation::ExplicitBucketHistogram { boundaries: vec![2.0, 1.0], record_min_max: true }
}
