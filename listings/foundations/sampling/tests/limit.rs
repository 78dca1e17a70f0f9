//! The bound holds, whatever comes.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Hand, ask, ids};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision};
use sampling::limit::{Limit, Limited};
use sampling::ratio::Ratio;
use sampling::rules::Rules;

fn limit(per_second: u32, burst: u32) -> (Limit<Hand>, Hand) {
    let hand = Hand::default();
    (Limit::with_clock(per_second.try_into().unwrap(), burst.try_into().unwrap(), hand.clone()), hand)
}

#[test]
fn so_many_at_once_and_then_one_at_a_time() {
    let (limit, hand) = limit(10, 3);
    assert_eq!((0..100).filter(|_| limit.admits()).count(), 3);
    hand.forward(Duration::from_millis(99));
    assert!(!limit.admits());
    hand.forward(Duration::from_millis(1));
    assert!(limit.admits() && !limit.admits());
    hand.forward(Duration::from_secs(3600));
    assert_eq!((0..100).filter(|_| limit.admits()).count(), 3, "an hour of silence saves up no more than a burst");
}

// ANCHOR: bound
#[test]
fn in_any_stretch_of_time_it_admits_no_more_than_it_says() {
    let (limit, hand) = limit(50, 20);
    let mut random = fastrand::Rng::with_seed(3);
    let mut admitted = Vec::new(); // when, in milliseconds
    for now in 0..5_000u64 {
        let wanted = random.u32(0..5);
        admitted.extend((0..wanted).filter(|_| limit.admits()).map(|_| now));
        hand.forward(Duration::from_millis(1));
    }
    for (first, began) in admitted.iter().enumerate() {
        for (last, ended) in admitted.iter().enumerate().skip(first) {
            let (count, seconds) = (last - first + 1, (ended - began) as f64 / 1_000.0);
            assert!(count as f64 <= 20.0 + seconds * 50.0 + 1e-6, "{count} in {seconds} s");
        }
    }
    assert!((265..=270).contains(&admitted.len()), "it is not too strict either: {}", admitted.len());
}
// ANCHOR_END: bound

#[test]
fn many_threads_share_one_bound() {
    let (limit, _hand) = limit(1, 1_000);
    let limit = Arc::new(limit);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let limit = Arc::clone(&limit);
            std::thread::spawn(move || (0..1_000).filter(|_| limit.admits()).count())
        })
        .collect();
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>(), 1_000);
}

#[test]
fn a_limited_sampler_keeps_so_many_and_claims_no_probability() {
    let (limit, hand) = limit(100, 10);
    let sampler = Limited::new(Rules::otherwise(Ratio::new(1.0)), Arc::new(limit));
    let mut kept = 0;
    for trace in ids(10_000) {
        let result = ask(&sampler, None, trace);
        assert_eq!(result.trace_state.header(), "");
        kept += usize::from(result.decision == SamplingDecision::RecordAndSample);
        hand.forward(Duration::from_millis(1));
    }
    assert!((1_009..=1_010).contains(&kept), "ten seconds: {kept}");
}

#[test]
fn what_its_sampler_drops_takes_nothing_from_the_limit() {
    let (limit, _hand) = limit(1, 1);
    let limit = Arc::new(limit);
    let never = Limited::new(Sampler::AlwaysOff, Arc::clone(&limit));
    ids(100).for_each(|trace| assert_eq!(ask(&never, None, trace).decision, SamplingDecision::Drop));
    assert!(limit.admits());
}
