//! Telemetry about telemetry: what the example prints, run once.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use testkit::example;

static TABLE: LazyLock<String> = LazyLock::new(|| {
    let output = example("logs-loop").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// The cells of a row: over gRPC, over HTTP.
fn row(name: &str) -> Vec<&'static str> {
    let row = TABLE.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {}", *TABLE));
    row[name.len()..].split_whitespace().collect()
}

#[test]
fn symptom_an_idle_program_sends_records_for_ever() {
    for setup in ["trace, without a filter", "debug, without a filter"] {
        assert_eq!(row(setup)[0], "grows", "{}", *TABLE);
    }
}

#[test]
fn an_idle_program_is_silent_with_the_filter_on_the_layer() {
    assert_eq!(row("trace, with the filter"), ["1", "1"], "{}", *TABLE);
    assert_eq!(row("this book's guard at trace"), ["1", "1"], "{}", *TABLE);
}
