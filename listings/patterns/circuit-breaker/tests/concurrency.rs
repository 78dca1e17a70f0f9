//! Real threads, and the memory that a call does not take.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Waker};

use circuit_breaker::{Calls, CircuitBreaker, CircuitBreakerLayer, Config, Outcome, State};
use tower::{Layer, Service, service_fn};

/// Counts the allocations of each thread.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<u64> = const { Cell::new(0) });

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts")]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_call_allocates_nothing_closed_or_open() {
    let breaker = CircuitBreaker::new("test", Config::default()).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..1_000 {
        breaker.call_blocking(|| Ok::<_, ()>(())).unwrap();
    }
    breaker.try_acquire().unwrap().finish(Outcome::Failure);
    let mut service = CircuitBreakerLayer::new(breaker.clone()).layer(service_fn(|()| ready(Ok::<_, ()>(()))));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        assert!(pin!(breaker.call(ready(Ok::<_, ()>(())))).poll(&mut context).is_ready());
        assert!(service.poll_ready(&mut context).is_ready());
        assert!(pin!(service.call(())).poll(&mut context).is_ready());
    }
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);

    breaker.transition_to(State::ForcedOpen);
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..1_000 {
        assert!(breaker.try_acquire().is_err());
    }
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
}

#[test]
fn every_call_of_every_thread_is_counted_once() {
    let breaker = CircuitBreaker::new("test", Config::default()).unwrap();
    let (threads, calls) = (4, 50_000);
    let made: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let breaker = breaker.clone();
                scope.spawn(move || {
                    for call in 0..calls {
                        match breaker.try_acquire() {
                            Ok(permit) if call % 7 == thread => drop(permit),
                            Ok(permit) if call % 5 == 0 => permit.finish(Outcome::Failure),
                            Ok(permit) => permit.finish(Outcome::Success),
                            Err(_) => breaker.reset(),
                        }
                    }
                    calls
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let Calls { success, failure, ignored, cancelled, rejected } = breaker.calls();
    assert_eq!(success + failure + ignored + cancelled + rejected, made);
    let snapshot = breaker.snapshot();
    assert!(snapshot.buffered_calls <= 100, "{snapshot:?}");
}

/// A monitoring system takes a counter that goes back for a restart of the process.
#[test]
fn the_number_of_successes_never_goes_back() {
    let breaker = CircuitBreaker::new("test", Config::default()).unwrap();
    breaker.transition_to(State::MetricsOnly);
    std::thread::scope(|scope| {
        let failing = scope.spawn(|| {
            for call in 0..400_000 {
                let outcome = if call % 100 == 0 { Outcome::Success } else { Outcome::Failure };
                breaker.try_acquire().unwrap().finish(outcome);
            }
        });
        let mut last = 0;
        while !failing.is_finished() {
            let success = breaker.calls().success;
            assert!(success >= last, "{success} after {last}");
            last = success;
        }
    });
    assert_eq!(breaker.calls(), Calls { success: 4_000, failure: 396_000, ..Calls::default() });
}
