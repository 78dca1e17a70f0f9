//! Numbers as a person reads them.

/// Between a number and its unit: they stay on one line.
const NARROW: char = '\u{a0}';

/// Microseconds as µs, ms or s, with three digits.
pub(crate) fn duration(micros: u64) -> String {
    let micros_f = micros as f64;
    match micros {
        0..1_000 => format!("{micros}{NARROW}µs"),
        1_000..1_000_000 => format!("{}{NARROW}ms", significant(micros_f / 1e3)),
        _ => format!("{}{NARROW}s", significant(micros_f / 1e6)),
    }
}

/// A value with its unit.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    format!("{}{NARROW}{unit}", significant(value))
}

/// Three significant digits, none lost before the point, thousands apart: `0.123`, `14.2`, `53,100`.
pub(crate) fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let digits = (2 - magnitude).clamp(0, 6) as usize;
    let text = format!("{value:.digits$}");
    // Rounding may add a digit before the point: 99.96 is 100, not 100.0.
    let text = match text.split_once('.') {
        Some((whole, part)) if whole.len() + part.len() > 3 && whole != "0" => format!("{value:.*}", digits - 1),
        _ => text,
    };
    match text.split_once('.') {
        Some((whole, part)) => format!("{}.{part}", thousands(whole)),
        None => thousands(&text),
    }
}

fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The smallest of 1, 2, 5 times a power of ten that cuts `range` into at most `steps`.
pub(crate) fn step(range: f64, steps: f64) -> f64 {
    let raw = range / steps;
    let power = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw).unwrap_or(raw)
}

/// A percentage for an SVG attribute: two decimals, never `-0.00`.
pub(crate) fn percent(part: f64) -> String {
    format!("{:.2}%", (part * 100.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let seen = [0, 87, 999, 1_000, 1_234, 12_345, 999_600, 1_500_000].map(duration);
        let seen = seen.map(|text| text.replace('\u{a0}', " "));
        assert_eq!(seen, ["0 µs", "87 µs", "999 µs", "1.00 ms", "1.23 ms", "12.3 ms", "1,000 ms", "1.50 s"]);
    }

    #[test]
    fn three_digits() {
        let seen = [0.0, 0.1234, 9.999, 14.24, 99.96, 277.4, 53_123.0, 1_234_567.0].map(significant);
        assert_eq!(seen, ["0", "0.123", "10.0", "14.2", "100", "277", "53,123", "1,234,567"]);
        assert_eq!(quantity(14.2, "ns"), "14.2\u{a0}ns");
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([10.0, 12.0, 0.9, 30_000.0].map(|range| step(range, 5.0)), [2.0, 5.0, 0.2, 10_000.0]);
        assert_eq!(percent(-0.000001), "0.00%");
    }
}
