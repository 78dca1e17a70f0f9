//! How large a queue must be, and what becomes of the spans when it is not.

use std::time::Duration;

use opentelemetry_sdk::trace::{
    BatchConfig, BatchConfigBuilder, OTEL_BSP_MAX_EXPORT_BATCH_SIZE_DEFAULT, OTEL_BSP_MAX_QUEUE_SIZE_DEFAULT,
};

/// Spans or log records per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// So many in each second.
    pub fn per_second(count: f64) -> Self {
        Self(count)
    }

    /// The number of them in a second.
    pub fn in_a_second(self) -> f64 {
        self.0
    }
}

/// The bounds of a batch processor, in spans or log records.
///
/// ```
/// use std::time::Duration;
/// use cost::{Queue, Rate};
///
/// let export = Duration::from_millis(100);
/// assert_eq!(Queue::default().limit(export), Rate::per_second(5_120.0));
/// assert_eq!(Queue::default().lasts(Rate::per_second(5_000.0), export), None);
/// assert_eq!(Queue::default().lasts(Rate::per_second(6_656.0), export), Some(Duration::from_secs(1)));
/// assert_eq!(Queue::size_for(Rate::per_second(500.0), Duration::from_secs(10)), 5_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// How many wait at most: `OTEL_BSP_MAX_QUEUE_SIZE`.
    pub size: usize,
    /// How many one export takes at most: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
    pub batch: usize,
}

/// What the SDK does when nobody says anything.
impl Default for Queue {
    fn default() -> Self {
        Self { size: OTEL_BSP_MAX_QUEUE_SIZE_DEFAULT, batch: OTEL_BSP_MAX_EXPORT_BATCH_SIZE_DEFAULT }
    }
}

// ANCHOR: rule
impl Queue {
    /// Above this rate something is lost, sooner or later: exports run one after the other, each with one batch.
    pub fn limit(self, export: Duration) -> Rate {
        Rate(self.batch as f64 / export.as_secs_f64())
    }

    /// How long the queue hides, at most, that a rate is above the limit. `None`: it is not. One batch of the queue is
    /// no reserve: it is what ends during an export at the limit.
    pub fn lasts(self, rate: Rate, export: Duration) -> Option<Duration> {
        let (excess, reserve) = (rate.0 - self.limit(export).0, self.size.saturating_sub(self.batch) as f64);
        if excess > 0.0 { Duration::try_from_secs_f64(reserve / excess).ok() } else { None }
    }

    /// The size that loses nothing while one export stands still for `pause`.
    pub fn size_for(rate: Rate, pause: Duration) -> usize {
        (rate.0 * pause.as_secs_f64()).ceil() as usize
    }
}
// ANCHOR_END: rule

/// What the processor does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A span ends, and is queued or dropped.
    End,
    /// An export begins, with this many spans.
    Begin(usize),
    /// That export is done.
    Finish,
}

/// What becomes of the spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Handed to the exporter, with what a last flush takes.
    pub exported: usize,
    /// Lost, because the queue was full.
    pub dropped: usize,
}

/// A batch processor between two spans.
#[derive(Debug, Default)]
struct State {
    queued: usize,
    in_flight: usize,
    dropped: usize,
    /// Whether the exporter has been told that a batch is full.
    told: bool,
}

// ANCHOR: forecast
impl Queue {
    /// What becomes of `spans` when `meanwhile` of them end during each export. Every step is shown to `watch`.
    pub fn forecast(self, spans: usize, meanwhile: usize, mut watch: impl FnMut(Step)) -> Forecast {
        let (mut now, mut left) = (State::default(), spans);
        loop {
            while !now.told && left > 0 {
                (left, now) = (left - 1, self.end(now)); // the exporter sleeps until a batch is full
                watch(Step::End);
            }
            if !now.told {
                return Forecast { exported: spans - now.dropped, dropped: now.dropped };
            }
            now.told = false;
            let mut round = now.queued; // what ends from here on is for the next round
            while round > 0 {
                now.in_flight = round.min(self.batch);
                (round, now.queued) = (round - now.in_flight, now.queued - now.in_flight);
                watch(Step::Begin(now.in_flight));
                for _ in 0..meanwhile.min(left) {
                    (left, now) = (left - 1, self.end(now));
                    watch(Step::End);
                }
                now.in_flight = 0;
                watch(Step::Finish);
            }
        }
    }

    /// One span ends.
    fn end(self, now: State) -> State {
        if now.queued == self.size {
            return State { dropped: now.dropped + 1, ..now };
        }
        let told = now.told || now.queued + 1 + now.in_flight >= self.batch; // what is in flight counts as well
        State { queued: now.queued + 1, told, ..now }
    }
}
// ANCHOR_END: forecast

impl Queue {
    /// For `BatchSpanProcessor::builder`: these bounds, and an export at least every `delay`.
    pub fn config(self, delay: Duration) -> BatchConfig {
        BatchConfigBuilder::default()
            .with_max_queue_size(self.size)
            .with_max_export_batch_size(self.batch)
            .with_scheduled_delay(delay)
            .build()
    }
}
