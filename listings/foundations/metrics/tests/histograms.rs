//! What a histogram still knows.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::LazyLock;

use common::cumulative;
use metrics::instruments::Shop;
use metrics::peek::{Bucket, Value};
use opentelemetry::metrics::MeterProvider;
use testkit::example;

/// What the example prints.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let output = example("metrics-histograms").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// How far off the four quantiles are, in percent.
fn errors(histogram: &str) -> Vec<f64> {
    let row = TABLE.lines().find(|line| line.starts_with(histogram)).unwrap();
    row.split_whitespace().filter_map(|cell| cell.strip_suffix('%')).map(|cell| cell.parse().unwrap()).collect()
}

#[test]
fn symptom_seconds_in_the_default_boundaries_are_one_bucket() {
    let (peek, provider) = cumulative();
    let wait = provider.meter("shop").f64_histogram("wait").with_unit("s").build();
    [0.003, 0.08, 0.9, 4.2].into_iter().for_each(|seconds| wait.record(seconds, &[]));
    let series = peek.collect(&provider);
    let Value::Histogram { buckets, .. } = &series[0].value else { panic!("{series:?}") };
    assert!(buckets.contains(&Bucket { lower: 0.0, upper: 5.0, count: 4 }), "{buckets:?}");
}

#[test]
fn with_boundaries_for_seconds_they_are_apart() {
    let (peek, provider) = cumulative();
    drop(Shop::new(&provider.meter("shop")).checkout());
    let series = peek.collect(&provider);
    let duration = series.iter().find(|series| series.name == "shop.checkout.duration").unwrap();
    let Value::Histogram { buckets, .. } = &duration.value else { panic!("{series:?}") };
    assert_eq!((buckets[0].upper, buckets.len()), (0.005, 15));
}

#[test]
fn the_default_boundaries_are_wrong_by_a_factor() {
    let errors = errors("default boundaries");
    assert!(errors.iter().all(|error| *error > 100.0), "{}", *TABLE);
}

#[test]
fn exponential_buckets_stay_within_their_width() {
    let errors = errors("exponential");
    assert!(errors.len() == 4 && errors.iter().all(|error| error.abs() < 4.5), "{}", *TABLE);
}

#[test]
fn symptom_one_outlier_makes_all_exponential_buckets_wider() {
    let width = |histogram: &str| {
        let row = TABLE.lines().find(|line| line.starts_with(histogram)).unwrap();
        let (lower, upper) = row.rsplit(' ').next().unwrap().split_once('–').unwrap();
        upper.parse::<f64>().unwrap() / lower.parse::<f64>().unwrap()
    };
    assert!(width("exponential") < 1.05, "{}", *TABLE);
    assert!(width("  after one of 1 ns") > 1.15, "{}", *TABLE);
}
