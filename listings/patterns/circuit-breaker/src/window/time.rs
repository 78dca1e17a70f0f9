//! The calls of the last seconds: a ring of buckets behind a lock.

use std::time::Duration;

use super::{Cycle, Mark, Totals};
use crate::clock::nanos;
use crate::sync::{Mutex, lock};

// ANCHOR: time
/// Buckets of equal width in a ring. Memory is settled at construction, whatever the traffic; recording costs the same
/// in a window of ten calls and of ten million.
#[derive(Debug)]
pub(crate) struct TimeWindow {
    width: u64,
    ring: Mutex<Ring>,
}

#[derive(Debug)]
struct Ring {
    cycle: Cycle,
    buckets: Box<[Totals]>,
    /// The bucket that is being filled: the time divided by the width.
    tick: u64,
    totals: Totals,
    ever: u64,
}

impl Ring {
    /// Empties the buckets whose time has passed. A long silence empties each of them once, and no more than that.
    fn advance(&mut self, tick: u64) {
        let size = self.buckets.len() as u64;
        for passed in 1..=tick.saturating_sub(self.tick).min(size) {
            let old = std::mem::take(&mut self.buckets[((self.tick + passed) % size) as usize]);
            self.totals.recorded -= old.recorded;
            self.totals.failed -= old.failed;
            self.totals.slow -= old.slow;
        }
        self.tick = self.tick.max(tick);
    }
}
// ANCHOR_END: time

impl TimeWindow {
    pub fn new(buckets: u16, width: Duration) -> Self {
        let buckets = vec![Totals::default(); usize::from(buckets)].into_boxed_slice();
        let ring = Ring { cycle: 0, buckets, tick: 0, totals: Totals::default(), ever: 0 };
        Self { width: nanos(width), ring: Mutex::new(ring) }
    }

    pub fn record(&self, cycle: Cycle, mark: Mark, now: u64) -> Option<Totals> {
        let mut ring = lock(&self.ring);
        ring.ever += 1;
        if ring.cycle != cycle {
            return None;
        }
        ring.advance(now / self.width);
        ring.totals.add(mark);
        let index = (ring.tick % ring.buckets.len() as u64) as usize;
        ring.buckets[index].add(mark);
        Some(ring.totals)
    }

    pub fn reset(&self, cycle: Cycle) {
        let mut ring = lock(&self.ring);
        ring.cycle = cycle;
        ring.buckets.fill(Totals::default());
        ring.totals = Totals::default();
    }

    pub fn totals(&self, now: u64) -> Totals {
        let mut ring = lock(&self.ring);
        ring.advance(now / self.width);
        ring.totals
    }

    pub fn recorded_ever(&self) -> u64 {
        lock(&self.ring).ever
    }
}
