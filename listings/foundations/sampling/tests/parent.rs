//! Who decides: the root, the parent, a stranger.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Spy, ask, parent};
use opentelemetry::trace::{TraceFlags, TraceId};
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SamplingDecision::{Drop, RecordAndSample};
use sampling::ratio::Ratio;
use sampling::rules::Rules;

const TRACE: TraceId = TraceId::from_bytes([0x4b; 16]);

#[test]
fn the_parents_decision_is_the_childs() {
    for is_remote in [true, false] {
        for (flags, decision) in [(TraceFlags::SAMPLED, RecordAndSample), (TraceFlags::NOT_SAMPLED, Drop)] {
            let parent = parent(TRACE, is_remote, flags);
            for root in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
                assert_eq!(ask(&Sampler::parent_based(root), Some(&parent), TRACE).decision, decision);
            }
        }
    }
}

#[test]
fn without_a_parent_the_root_sampler_decides() {
    assert_eq!(ask(&Sampler::parent_based(Sampler::AlwaysOn), None, TRACE).decision, RecordAndSample);
    assert_eq!(ask(&Sampler::parent_based(Sampler::AlwaysOff), None, TRACE).decision, Drop);
}

// ANCHOR: stranger
#[test]
fn symptom_a_stranger_decides_what_you_record() {
    let sampler = Sampler::parent_based(Sampler::AlwaysOff); // record nothing
    let forged = parent(TRACE, true, TraceFlags::SAMPLED); // traceparent: 00-…-…-01
    assert_eq!(ask(&sampler, Some(&forged), TRACE).decision, RecordAndSample);
}

#[test]
fn symptom_a_stranger_picks_an_id_that_is_always_kept() {
    let one_in_a_million = Sampler::TraceIdRatioBased(1e-6);
    let sampler = Sampler::parent_based(one_in_a_million.clone()).with_remote_parent_sampled(one_in_a_million);
    let picked = TraceId::from_hex("4bf92f3577b34da60000000000000001").unwrap();
    let forged = parent(picked, true, TraceFlags::SAMPLED);
    assert_eq!(ask(&sampler, Some(&forged), picked).decision, RecordAndSample, "its last bytes are small");
}
// ANCHOR_END: stranger

// ANCHOR: branches
#[test]
fn the_branches_can_be_set_one_by_one() {
    let rules = Rules::otherwise(Ratio::new(0.0));
    let sampler = Sampler::parent_based(rules.clone())
        .with_remote_parent_sampled(rules.clone()) // whatever the caller says
        .with_remote_parent_not_sampled(rules);
    let forged = parent(TRACE, true, TraceFlags::SAMPLED);
    assert_eq!(ask(&sampler, Some(&forged), TRACE).decision, Drop);
    let within = parent(TRACE, false, TraceFlags::SAMPLED);
    assert_eq!(ask(&sampler, Some(&within), TRACE).decision, RecordAndSample, "the branches you leave are as before");
}
// ANCHOR_END: branches

#[test]
fn symptom_the_older_parent_based_loses_what_its_root_adds() {
    let older = Sampler::ParentBased(Box::new(Spy::default()));
    assert_eq!(ask(&older, None, TRACE).attributes, []);
    assert_eq!(ask(&Sampler::parent_based(Spy::default()), None, TRACE).attributes.len(), 1);
    let kept = Rules::otherwise(Ratio::new(1.0));
    assert_eq!(ask(&Sampler::ParentBased(Box::new(kept.clone())), None, TRACE).trace_state.header(), "");
    assert_eq!(ask(&Sampler::parent_based(kept), None, TRACE).trace_state.header(), "ot=th:0");
}
