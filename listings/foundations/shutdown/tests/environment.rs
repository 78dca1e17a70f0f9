//! Which variables are read, tried once for all tests.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use testkit::example;

/// What the example prints.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let output = example("shutdown-environment").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// Who reads a variable: the SDK, this book's set-up.
fn reads(variable: &str) -> [bool; 2] {
    let row = TABLE.lines().find(|line| line.split_whitespace().next() == Some(variable)).unwrap();
    let mut words = row.split_whitespace().skip(1).map(|word| word == "reads");
    [words.next().unwrap(), words.next().unwrap()]
}

#[test]
fn symptom_the_sdk_is_deaf_to_what_the_specification_lists() {
    for variable in ["OTEL_SDK_DISABLED", "OTEL_PROPAGATORS", "OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER"] {
        assert_eq!(reads(variable), [false, true], "{variable}\n{}", *TABLE);
    }
}

#[test]
fn what_the_sdk_reads_this_book_reads_too() {
    for row in TABLE.lines().skip(1) {
        let variable = row.split_whitespace().next().unwrap();
        let [sdk, ours] = reads(variable);
        assert!(ours || !sdk, "{variable}\n{}", *TABLE);
    }
}
