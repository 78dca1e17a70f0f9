//! The same answer for everybody, and what a kept trace stands for.
//!
//! The ids come from a fixed seed, so each test is green always or never. Its interval is wide enough for other seeds as
//! well: 6.2 standard deviations of a binomial distribution, which chance leaves less often than once in 10⁹ times.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use common::{ask, ids, keeps};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample};
use sampling::ratio::Ratio;
use sampling::rules::Rules;
use testkit::example;

const TRACES: usize = 100_000;

/// Within 6.2 standard deviations of what `part` of the traces should be.
fn is_about(count: usize, part: f64) -> bool {
    let (expected, deviation) = (TRACES as f64 * part, (TRACES as f64 * part * (1.0 - part)).sqrt());
    (count as f64 - expected).abs() <= 6.2 * deviation
}

fn kept(sampler: &dyn ShouldSample) -> HashSet<TraceId> {
    ids(TRACES).filter(|trace| keeps(sampler, *trace, &[])).collect()
}

/// The sampler of the SDK, and the one of this chapter.
fn both(part: f64) -> [Box<dyn ShouldSample>; 2] {
    [Box::new(Sampler::TraceIdRatioBased(part)), Box::new(Rules::otherwise(Ratio::new(part)))]
}

// ANCHOR: nested
#[test]
fn who_keeps_fewer_keeps_a_part_of_what_the_others_keep() {
    for at in 0..2 {
        let [one, ten, fifty] = [0.01, 0.1, 0.5].map(|part| kept(&*both(part)[at]));
        assert!(is_about(one.len(), 0.01) && is_about(ten.len(), 0.1) && is_about(fifty.len(), 0.5));
        assert!(one.is_subset(&ten) && ten.is_subset(&fifty));
    }
}

#[test]
fn symptom_two_algorithms_agree_by_chance_alone() {
    let [theirs, ours] = both(0.1).map(|sampler| kept(&*sampler));
    let common = theirs.intersection(&ours).count();
    assert!(is_about(common, 0.1 * 0.1), "one trace in a hundred: {common}");
}
// ANCHOR_END: nested

#[test]
fn symptom_ids_that_are_not_random_are_not_sampled() {
    let counted = (1..=10_000u128).map(TraceId::from);
    assert_eq!(counted.filter(|trace| keeps(&Sampler::TraceIdRatioBased(0.1), *trace, &[])).count(), 10_000);
}

// ANCHOR: weights
#[test]
fn the_weights_add_up_to_what_happened() {
    let part = 0.05;
    let kept = kept(&Rules::otherwise(Ratio::new(part))).len();
    let estimate = kept as f64 * Ratio::new(part).weight();
    let deviation = (TRACES as f64 * (1.0 - part) / part).sqrt();
    assert!((estimate - TRACES as f64).abs() <= 6.2 * deviation, "{estimate} of {TRACES}");
}
// ANCHOR_END: weights

#[test]
fn the_threshold_is_written_as_the_specification_says() {
    let all = TraceId::from_bytes([0xff; 16]);
    for (part, state, weight) in
        [(1.0, "ot=th:0", 1.0), (0.5, "ot=th:8", 2.0), (0.25, "ot=th:c", 4.0), (0.1, "ot=th:e666666666666", 10.0)]
    {
        let result = Ratio::new(part).sample(None, all);
        assert!(result.trace_state.header().starts_with(state), "{part}: {}", result.trace_state.header());
        assert!((Ratio::new(part).weight() - weight).abs() < 1e-9);
    }
    assert_eq!(Ratio::new(0.0).sample(None, all).decision, SamplingDecision::Drop);
    assert_eq!(Ratio::new(0.0).sample(None, all).trace_state.header(), "");
}

#[test]
fn the_ends_of_the_scale_are_all_and_none() {
    for (part, is_all) in [(1.0, true), (7.0, true), (0.0, false), (-1.0, false), (f64::NAN, false)] {
        let sampler = Rules::otherwise(Ratio::new(part));
        assert!(ids(1_000).all(|trace| keeps(&sampler, trace, &[]) == is_all), "{part}");
    }
}

#[test]
fn an_explicit_randomness_is_used_in_place_of_the_id() {
    let state = TraceState::from_key_value([("ot", "rv:ffffffffffffff;other:1"), ("vendor", "1")]).unwrap();
    let low = TraceId::from(1);
    let parent = SpanContext::new(low, SpanId::from(1), TraceFlags::NOT_SAMPLED, true, state);
    let parent = Context::new().with_remote_span_context(parent);
    let result = ask(&Rules::otherwise(Ratio::new(0.5)), Some(&parent), low);
    assert_eq!(result.decision, SamplingDecision::RecordAndSample);
    assert_eq!(result.trace_state.header(), "ot=th:8;rv:ffffffffffffff;other:1,vendor=1");
}

#[test]
fn only_a_decision_that_travels_keeps_traces_whole() {
    let output = example("sampling-torn").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let torn = |name: &str| {
        let row = table.lines().find(|line| line.starts_with(name)).unwrap();
        row.split_whitespace().rev().nth(1).unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(torn("parent-based"), 0, "{table}");
    assert_eq!(torn("the id, 10 % in each"), 0, "{table}");
    assert!(torn("the id, 50 %") > 35_000, "{table}");
    assert!(torn("the id, 10 %, but") > 15_000, "{table}");
    assert!(torn("a coin") > 25_000, "{table}");
}
