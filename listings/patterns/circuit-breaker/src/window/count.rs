//! The last *n* calls: a ring, exact, lock-free, in constant time.

use crossbeam_utils::CachePadded;

use super::{Cycle, Mark, Totals};
use crate::sync::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

// ANCHOR: ring
/// A ring of the last calls, and the running totals of what is in it.
#[derive(Debug)]
pub(crate) struct CountWindow {
    /// One call each: its cycle, and whether it failed or was slow. 0 is empty.
    slots: Box<[AtomicU32]>,
    /// How many calls were ever put in; the next one goes into `slots[head % slots.len()]`. Every call writes it, so it
    /// has a cache line to itself: what calls only read stays in the caches of all cores.
    head: CachePadded<AtomicU64>,
    /// Four numbers of 16 bits in one word, so that they change together: cycle, recorded, failed, slow.
    totals: AtomicU64,
    /// Calls of earlier cycles, which have no place in the ring.
    late: AtomicU64,
}
// ANCHOR_END: ring

impl CountWindow {
    /// Half of what 16 bits can count. The other half is for the calls that are being recorded at the same moment: each
    /// is in the totals while the one that it replaces still is.
    pub const LARGEST: u16 = 1 << 15;

    pub fn new(size: u16) -> Self {
        Self {
            slots: (0..size).map(|_| AtomicU32::new(EMPTY)).collect(),
            head: CachePadded::new(AtomicU64::new(0)),
            totals: AtomicU64::new(0),
            late: AtomicU64::new(0),
        }
    }

    // ANCHOR: record
    /// Replaces the oldest call by this one.
    ///
    /// In a healthy system a success replaces a success: one atomic addition, and nothing else to do. Otherwise the new
    /// entry is added to the totals *before* it stands in the ring, and the old one is subtracted *after* it has left:
    /// whatever the threads do in between, the totals never fall below what the ring holds.
    #[inline(always)]
    pub fn record(&self, cycle: Cycle, mark: Mark) -> Option<Totals> {
        if self.cycle() != cycle {
            self.late.fetch_add(1, Release);
            return None;
        }
        let head = self.head.fetch_add(1, Release);
        let slot = &self.slots[(head % self.slots.len() as u64) as usize];
        let new = entry(cycle, mark);
        if slot.load(Relaxed) == new { None } else { self.replace(slot, cycle, new) }
    }

    fn replace(&self, slot: &AtomicU32, cycle: Cycle, new: u32) -> Option<Totals> {
        self.change(cycle, |totals| totals + weight(new))?;
        let old = slot.swap(new, AcqRel);
        let changed = self.change(cycle_of(old), |totals| totals - weight(old));
        changed.or_else(|| Some(self.totals()))
    }

    /// Changes the totals if they are still those of `cycle`. An entry of another cycle counts as nothing, and so does
    /// an empty one.
    fn change(&self, cycle: Cycle, change: impl Fn(u64) -> u64) -> Option<Totals> {
        let current = |totals: u64| ((totals >> 48) as Cycle == cycle).then(|| change(totals));
        let before = self.totals.fetch_update(AcqRel, Acquire, current).ok()?;
        Some(unpack(change(before)))
    }
    // ANCHOR_END: record

    // ANCHOR: reset
    /// One swap. The ring keeps the entries of the old cycle; they weigh nothing, and are replaced one by one.
    pub fn reset(&self, cycle: Cycle) {
        if cycle == 0 {
            // The cycles have wrapped around: an entry this old could be taken for a new one.
            self.slots.iter().for_each(|slot| slot.store(EMPTY, Relaxed));
        }
        self.totals.swap(u64::from(cycle) << 48, AcqRel);
    }
    // ANCHOR_END: reset

    pub fn totals(&self) -> Totals {
        unpack(self.totals.load(Acquire))
    }

    #[inline(always)]
    fn cycle(&self) -> Cycle {
        (self.totals.load(Acquire) >> 48) as Cycle
    }

    pub fn recorded_ever(&self) -> u64 {
        self.head.load(Acquire) + self.late.load(Acquire)
    }

    /// What the ring holds of the current cycle, counted one by one. For tests: it must equal the totals whenever no
    /// call is being recorded.
    #[cfg(all(test, feature = "loom"))]
    pub fn recount(&self) -> Totals {
        let cycle = self.cycle();
        let entries = self.slots.iter().map(|slot| slot.load(Acquire)).filter(|entry| cycle_of(*entry) == cycle);
        unpack(entries.map(weight).sum())
    }
}

const EMPTY: u32 = 0;
const PRESENT: u32 = 1;
const FAILED: u32 = 2;
const SLOW: u32 = 4;

fn entry(cycle: Cycle, mark: Mark) -> u32 {
    let flag = |set, flag| if set { flag } else { 0 };
    u32::from(cycle) << 3 | PRESENT | flag(mark.failed, FAILED) | flag(mark.slow, SLOW)
}

fn cycle_of(entry: u32) -> Cycle {
    (entry >> 3) as Cycle
}

/// An entry in the units of the totals. An empty one weighs nothing.
fn weight(entry: u32) -> u64 {
    let bit = |flag: u32, shift: u32| u64::from(entry & flag != 0) << shift;
    bit(PRESENT, 32) + bit(FAILED, 16) + bit(SLOW, 0)
}

fn unpack(totals: u64) -> Totals {
    let field = |shift: u32| (totals >> shift) & 0xffff;
    Totals { recorded: field(32), failed: field(16), slow: field(0) }
}
