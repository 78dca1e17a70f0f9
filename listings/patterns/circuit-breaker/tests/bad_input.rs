//! A setting that cannot work is a clear error, at the start.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, ConfigError, Rate, Registry, SlidingWindow};

fn error(config: Config) -> String {
    CircuitBreaker::new("test", config).unwrap_err().to_string()
}

#[test]
fn every_mistake_names_its_setting() {
    let zero = Rate::percent(0.0).unwrap();
    let cases = [
        (Config { failure_rate_threshold: zero, ..Config::default() }, "failure_rate_threshold must be more than 0%"),
        (Config { slow_call_rate_threshold: zero, ..Config::default() }, "slow_call_rate_threshold must be more"),
        (Config { sliding_window: SlidingWindow::Count(0), ..Config::default() }, "sliding_window must be at least 1"),
        (
            Config { sliding_window: SlidingWindow::Count(32_769), ..Config::default() },
            "sliding_window must be at most 32768",
        ),
        (Config { minimum_number_of_calls: 0, ..Config::default() }, "minimum_number_of_calls must be at least 1"),
        (Config { permitted_calls_in_half_open_state: 0, ..Config::default() }, "permitted_calls_in_half_open_state"),
        (
            Config { sliding_window: SlidingWindow::Time { buckets: 10, width: Duration::ZERO }, ..Config::default() },
            "sliding_window.width must be longer than nothing",
        ),
        (
            Config { slow_call_duration_threshold: Some(Duration::ZERO), ..Config::default() },
            "slow_call_duration_threshold must be longer",
        ),
        (Config { max_wait_in_half_open_state: Duration::ZERO, ..Config::default() }, "max_wait_in_half_open_state"),
    ];
    for (config, expected) in cases {
        let error = error(config);
        assert!(error.starts_with(expected), "{error}");
    }
    assert_eq!(CircuitBreaker::new("", Config::default()).unwrap_err(), ConfigError::NoName);
    assert_eq!(Registry::new(0, Config::default()).unwrap_err(), ConfigError::Zero("capacity"));
    assert_eq!(Registry::new(1, Config::default()).unwrap().get("").unwrap_err(), ConfigError::NoName);
}

#[test]
fn a_rate_is_a_percentage() {
    for wrong in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Rate::percent(wrong), None);
    }
    assert_eq!(Rate::percent(33.33).unwrap().to_string(), "33.33%");
}
