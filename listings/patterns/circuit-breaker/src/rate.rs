//! Shares of calls.

use std::fmt;

/// A share between 0 % and 100 %, exact to a hundredth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u16);

impl Rate {
    /// From percent; `None` outside 0 to 100.
    ///
    /// ```
    /// use circuit_breaker::Rate;
    ///
    /// assert_eq!(Rate::percent(50.0).unwrap().to_string(), "50%");
    /// assert_eq!(Rate::percent(101.0), None);
    /// ```
    pub fn percent(percent: f64) -> Option<Self> {
        // In range, so the conversion cannot truncate; NaN is in no range.
        (0.0..=100.0).contains(&percent).then(|| Self((percent * 100.0).round() as u16))
    }

    /// `part` of `whole`; 0 % of nothing.
    pub(crate) fn of(part: u64, whole: u64) -> Self {
        Self((part.min(whole) * 10_000).checked_div(whole).unwrap_or(0) as u16)
    }

    /// In percent.
    pub fn as_percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Whether `part` of `whole` is at least this share. Exact: no division.
    pub(crate) fn is_reached_by(self, part: u64, whole: u64) -> bool {
        part * 10_000 >= u64::from(self.0) * whole
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.as_percent())
    }
}
