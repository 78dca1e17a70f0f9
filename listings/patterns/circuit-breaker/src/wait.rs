//! How long to stay open.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The wait in `OPEN`, as a function of how many times in a row the breaker has opened (1 for the first).
#[derive(Clone)]
pub struct Wait(Arc<dyn Fn(u32) -> Duration + Send + Sync>);

// ANCHOR: wait
impl Wait {
    /// The same wait every time.
    pub fn fixed(wait: Duration) -> Self {
        Self::new(move |_| wait)
    }

    /// Doubles with every failed recovery: `initial`, twice that, four times … up to `max`.
    ///
    /// ```
    /// use circuit_breaker::Wait;
    /// use std::time::Duration;
    ///
    /// let wait = Wait::exponential(Duration::from_secs(1), Duration::from_secs(30));
    /// assert_eq!([1, 2, 3, 9].map(|n| wait.after(n).as_secs()), [1, 2, 4, 30]);
    /// ```
    pub fn exponential(initial: Duration, max: Duration) -> Self {
        let factor = |opened: u32| 2u32.saturating_pow(opened.saturating_sub(1));
        Self::new(move |opened| initial.saturating_mul(factor(opened)).min(max))
    }

    /// Any function of your own.
    pub fn new(wait: impl Fn(u32) -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(wait))
    }

    /// Spreads each wait by up to `share` of itself in both directions, so that the replicas of a service do not all
    /// probe in the same instant. `0.0` changes nothing; more than `1.0` counts as `1.0`.
    pub fn with_jitter(self, share: f64) -> Self {
        let share = if share > 0.0 { share.min(1.0) } else { 0.0 };
        Self::new(move |opened| {
            let wait = self.after(opened);
            let spread = wait.as_secs_f64() * (1.0 + share * (2.0 * fastrand::f64() - 1.0));
            Duration::try_from_secs_f64(spread).unwrap_or(wait) // only a wait for ever can grow too long
        })
    }

    /// The wait after the breaker has opened `opened` times in a row.
    pub fn after(&self, opened: u32) -> Duration {
        (self.0)(opened)
    }
}
// ANCHOR_END: wait

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wait({:?}, …)", self.after(1))
    }
}
