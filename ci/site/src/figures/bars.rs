//! Horizontal bars on a common scale, one small SVG a row, so that they stand in the cells of a table.

use super::numbers::{percent, significant, step};

/// From a value to a place between the left edge (0) and the right (1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Scale {
    /// Linear from zero; logarithmic when the largest value is more than 50 times the smallest. `values` holds the ends
    /// of the intervals.
    pub fn of(values: &[f64]) -> Self {
        let largest = values.iter().copied().fold(0.0, f64::max);
        let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
        if smallest > 0.0 && largest / smallest > 50.0 {
            let from = 10f64.powf(smallest.log10().floor());
            // A bar that began at its own value would have no length.
            let from = if from >= smallest { from / 10.0 } else { from };
            return Self { from, to: step(largest, 1.0), logarithmic: true };
        }
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let step = step(largest, 4.0);
        Self { from: 0.0, to: (largest / step).ceil() * step, logarithmic: false }
    }

    /// Whether equal lengths are equal factors.
    pub fn is_logarithmic(self) -> bool {
        self.logarithmic
    }

    fn place(self, value: f64) -> f64 {
        match self.logarithmic {
            true => (value / self.from).log10() / (self.to / self.from).log10(),
            false => value / self.to,
        }
    }

    /// Round values with their places.
    fn ticks(self) -> Vec<(f64, f64)> {
        if !self.logarithmic {
            let step = step(self.to, 4.0);
            let count = (self.to / step).round() as usize;
            return (0..=count).map(|at| (at as f64 * step, at as f64 * step / self.to)).collect();
        }
        let decades = (self.to / self.from).log10().floor() as i32;
        // More than six labels do not fit on a phone.
        let every = (decades + 4) / 5;
        let ticks = (0..=decades).filter(|decade| decade % every == 0).map(|decade| self.from * 10f64.powi(decade));
        ticks.map(|value| (value, self.place(value))).collect()
    }

    /// The values along the scale, for the head of the column.
    pub fn axis(self) -> String {
        let mut out = String::from("<svg class=\"bar-axis\" height=\"14\" aria-hidden=\"true\">");
        for (value, place) in self.ticks() {
            let anchor = match place {
                0.0 => "start",
                place if place > 0.95 => "end",
                _ => "middle",
            };
            out += &format!("<text x=\"{}\" y=\"11\" text-anchor=\"{anchor}\">{}</text>", percent(place), short(value));
        }
        out + "</svg>"
    }

    /// One bar with its interval. The numbers stand beside it as text.
    pub fn bar(self, value: f64, low: f64, high: f64) -> String {
        let mut out = String::from("<svg class=\"bar\" height=\"14\" aria-hidden=\"true\">");
        for (_, place) in self.ticks() {
            let x = percent(place);
            out += &format!("<line class=\"tick\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"14\"></line>");
        }
        let width = percent(self.place(value).max(0.004));
        out += &format!("<rect class=\"value\" x=\"0\" y=\"2\" width=\"{width}\" height=\"10\" rx=\"1.5\"></rect>");
        if low < high {
            let (from, to) = (percent(self.place(low)), percent(self.place(high)));
            out += &format!("<line class=\"interval\" x1=\"{from}\" x2=\"{to}\" y1=\"7\" y2=\"7\"></line>");
            for x in [from, to] {
                out += &format!("<line class=\"interval\" x1=\"{x}\" x2=\"{x}\" y1=\"4\" y2=\"10\"></line>");
            }
        }
        out + "</svg>"
    }
}

/// `10k` and `1M` keep an axis short.
fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", trimmed(value / 1e6)),
        value if value >= 1e4 => format!("{}k", trimmed(value / 1e3)),
        value => trimmed(value),
    }
}

fn trimmed(value: f64) -> String {
    let text = significant(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64]) -> Vec<String> {
        Scale::of(values).ticks().into_iter().map(|(value, _)| short(value)).collect()
    }

    #[test]
    fn linear_from_zero() {
        let scale = Scale::of(&[14.2, 52.0]);
        assert!(!scale.is_logarithmic());
        assert_eq!(scale.place(30.0), 0.5);
        assert_eq!(labels(&[14.2, 52.0]), ["0", "20", "40", "60"]);
        assert_eq!(labels(&[0.0]).first().map(String::as_str), Some("0"));
    }

    #[test]
    fn logarithmic_when_the_range_is_wide() {
        let values = [1.2, 118_000.0];
        let scale = Scale::of(&values);
        assert!(scale.is_logarithmic());
        assert_eq!(labels(&values), ["1", "10", "100", "1,000", "10k", "100k"]);
        assert_eq!((scale.place(1.0), scale.place(200_000.0)), (0.0, 1.0));
        assert!(Scale::of(&[1.0, 100.0]).place(1.0) > 0.0);
    }

    #[test]
    fn an_interval_is_drawn_when_there_is_one() {
        let scale = Scale::of(&[10.0]);
        assert!(scale.bar(5.0, 4.0, 6.0).contains("x1=\"40.00%\" x2=\"60.00%\""));
        assert!(!scale.bar(5.0, 5.0, 5.0).contains("interval"));
    }
}
