//! How many series one instrument may have, and what becomes of the rest.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Heard, cumulative, value, with_temporality};
use metrics::peek::{Peek, Series};
use metrics::views::view;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, MeterProvider};
use opentelemetry_sdk::metrics::{SdkMeterProvider, Stream, Temporality};

const OVERFLOW: &str = "otel.metric.overflow=true";

/// One request of each of these customers.
fn visit(requests: &Counter<u64>, customers: std::ops::Range<i64>) {
    customers.for_each(|customer| requests.add(1, &[KeyValue::new("customer", customer)]));
}

// ANCHOR: limit
#[test]
fn symptom_the_2001st_set_of_attributes_lands_in_the_overflow() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    visit(&requests, 0..2_000);
    let series = peek.collect(&provider);
    assert_eq!((series.len(), value(&series, "requests", OVERFLOW)), (2_000, None));

    visit(&requests, 2_000..2_001);
    visit(&requests, 5_000..5_010);
    let series = peek.collect(&provider);
    assert_eq!((series.len(), value(&series, "requests", OVERFLOW)), (2_001, Some(11.0)));
}
// ANCHOR_END: limit

#[test]
fn series_that_are_there_already_go_on() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    visit(&requests, 0..3_000);
    visit(&requests, 0..3_000);
    let series = peek.collect(&provider);
    assert_eq!(value(&series, "requests", "customer=1999"), Some(2.0));
    assert_eq!(value(&series, "requests", OVERFLOW), Some(2_000.0));
}

#[test]
fn the_empty_set_of_attributes_has_a_place_of_its_own() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    visit(&requests, 0..2_000);
    requests.add(1, &[]);
    let series = peek.collect(&provider);
    assert_eq!((series.len(), value(&series, "requests", "")), (2_001, Some(1.0)));
}

#[test]
fn symptom_nothing_is_said_when_it_overflows() {
    let (_peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    let heard = Heard::while_running(|| visit(&requests, 0..3_000));
    assert_eq!(heard, "");
}

/// Ten requests for each of 3,000 orders, one in ten of them an error.
fn browse(requests: &Counter<u64>, attribute: impl Fn(usize) -> KeyValue) {
    for number in 0..30_000 {
        let error = KeyValue::new("error", number % 10 == 9);
        requests.add(1, &[attribute(number / 10), error]);
    }
}

fn errors(series: &[Series]) -> f64 {
    series.iter().filter(|series| series.attributes.contains("error=true")).map(Series::number).sum()
}

// ANCHOR: path
#[test]
fn symptom_with_the_raw_path_two_thirds_of_the_errors_disappear() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    browse(&requests, |order| KeyValue::new("url.path", format!("/orders/{order}")));
    let series = peek.collect(&provider);
    assert_eq!((series.len(), errors(&series)), (2_001, 1_000.0), "there were 3,000");
}

#[test]
fn with_the_route_there_are_two_series_and_all_errors() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    browse(&requests, |_order| KeyValue::new("http.route", "/orders/{id}"));
    let series = peek.collect(&provider);
    assert_eq!((series.len(), errors(&series)), (2, 3_000.0));
}
// ANCHOR_END: path

#[test]
fn a_view_sets_another_limit() {
    let peek = Peek::new(Temporality::Cumulative);
    let wider = view("requests", || Stream::builder().with_cardinality_limit(10_000)).unwrap();
    let provider = peek.provider(SdkMeterProvider::builder().with_view(wider));
    visit(&provider.meter("shop").u64_counter("requests").build(), 0..3_000);
    let series = peek.collect(&provider);
    assert_eq!((series.len(), value(&series, "requests", OVERFLOW)), (3_000, None));
}

#[test]
fn observed_series_have_the_same_limit() {
    let (peek, provider) = cumulative();
    let meter = provider.meter("shop");
    let observed = meter.u64_observable_gauge("stock");
    observed
        .with_callback(|observer| (0..3_000).for_each(|item| observer.observe(1, &[KeyValue::new("item", item)])))
        .build();
    let series = peek.collect(&provider);
    assert_eq!((series.len(), value(&series, "stock", OVERFLOW)), (2_001, Some(1.0)), "the last of a thousand gauges");
}

#[test]
fn under_delta_what_is_quiet_for_a_collection_makes_room() {
    let (peek, provider) = with_temporality(Temporality::Delta);
    let requests = provider.meter("shop").u64_counter("requests").build();
    visit(&requests, 0..3_000);
    assert_eq!(peek.collect(&provider).len(), 2_001);
    visit(&requests, 7_000..7_001);
    let series = peek.collect(&provider); // what sent nothing since the last one is forgotten now
    assert_eq!((series.len(), value(&series, "requests", OVERFLOW)), (1, Some(1.0)), "still full");
    visit(&requests, 8_000..8_001);
    assert_eq!(value(&peek.collect(&provider), "requests", "customer=8000"), Some(1.0), "there is room again");
}

#[test]
fn symptom_cumulative_never_makes_room() {
    let (peek, provider) = cumulative();
    let requests = provider.meter("shop").u64_counter("requests").build();
    visit(&requests, 0..3_000);
    for _ in 0..5 {
        assert_eq!(peek.collect(&provider).len(), 2_001);
    }
    visit(&requests, 8_000..8_001);
    assert_eq!(value(&peek.collect(&provider), "requests", "customer=8000"), None);
}
