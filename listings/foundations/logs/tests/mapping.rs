//! What the example prints, run once.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use testkit::example;

static PRINTED: LazyLock<String> = LazyLock::new(|| {
    let output = example("logs-mapping").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// What stands behind `label`.
fn behind(label: &str) -> &'static str {
    let line = PRINTED.lines().find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label}: {}", *PRINTED)).trim()
}

#[test]
fn the_parts_of_an_event_are_the_parts_of_a_record() {
    assert_eq!(behind("scope "), "shop::orders");
    assert_eq!(behind("event_name "), "order.packed");
    assert_eq!(behind("body "), r#"string "order 7 packed""#);
    assert_eq!(behind("trace_id, span_id "), "of the current span");
}

#[test]
fn symptom_an_event_without_a_name_is_named_after_its_line() {
    let name = behind(r#"info!("packed") "#);
    assert!(name.starts_with("event ") && name.contains("logs-mapping.rs:"), "{name}");
}

#[test]
fn a_record_has_the_time_at_which_it_was_observed_and_no_other() {
    assert_eq!((behind("time_unix_nano "), behind("observed_time_unix_nano ")), ("0", "now"));
}

#[test]
fn levels_are_severities_and_none_is_fatal() {
    for (level, number) in [("TRACE", "1"), ("DEBUG", "5"), ("INFO", "9"), ("WARN", "13"), ("ERROR", "17")] {
        assert_eq!(behind(&format!("Level::{level} ")), format!("{number} {level}"));
    }
}

#[test]
fn what_otlp_has_no_type_for_becomes_text() {
    assert_eq!(
        (behind("3 "), behind("1.5 "), behind("true ")),
        ("value = int 3", "value = double 1.5", "value = bool true")
    );
    assert_eq!(behind("u64::MAX "), r#"value = string "18446744073709551615""#);
    assert_eq!(behind("?Some(3) "), r#"value = string "Some(3)""#);
    assert_eq!(behind("None::<i64> "), "nothing");
}
