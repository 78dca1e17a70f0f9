//! Which rule is found.
#![allow(clippy::unwrap_used)]

mod common;

use common::keeps;
use opentelemetry::KeyValue;
use opentelemetry::trace::TraceId;
use sampling::ratio::Ratio;
use sampling::rules::Rules;

/// Kept by every ratio above one half.
const HIGH: TraceId = TraceId::from_bytes([0x90; 16]);

fn is_kept(attributes: &[(&'static str, &'static str)]) -> bool {
    let rules = Rules::otherwise(Ratio::new(0.01))
        .route("/health", Ratio::new(0.0))
        .route("/orders/{id}", Ratio::new(0.6))
        .route("/checkout", Ratio::new(1.0));
    let attributes: Vec<_> = attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect();
    keeps(&rules, HIGH, &attributes)
}

#[test]
fn the_route_finds_the_rule_whatever_the_path_is() {
    assert!(is_kept(&[("http.route", "/orders/{id}"), ("url.path", "/orders/7")]));
    assert!(is_kept(&[("url.path", "/checkout"), ("http.route", "/checkout")]));
    assert!(!is_kept(&[("http.route", "/health")]));
}

#[test]
fn without_a_route_the_path_does() {
    assert!(is_kept(&[("url.path", "/checkout")]));
    assert!(!is_kept(&[("url.path", "/orders/7")]));
}

#[test]
fn a_path_does_not_get_around_the_rule_of_its_route() {
    assert!(!is_kept(&[("http.route", "/health"), ("url.path", "/checkout")]));
}

#[test]
fn what_is_no_request_has_the_ratio_of_everything_else() {
    assert!(!is_kept(&[("messaging.system", "kafka")]));
}
