//! What the matrix says, run once for all tests.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use testkit::example;

/// What the example prints.
static MATRIX: LazyLock<String> = LazyLock::new(|| {
    let output = example("shutdown-matrix").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// The cells of a row.
fn row(setup: &str, runtime: &str, transport: &str) -> Vec<&'static str> {
    let table = MATRIX.split("\n\n").find(|table| table.starts_with(setup)).unwrap();
    let row = table.lines().find(|line| line.starts_with(&format!("{runtime:15} {transport:5}"))).unwrap();
    row[21..].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn behind_the_guard_everything_arrives_whatever_happens() {
    for runtime in ["none", "current-thread", "one worker", "two workers"] {
        for transport in ["grpc", "http"] {
            let cells = row("this book's guard", runtime, transport);
            assert!(
                cells.iter().all(|cell| ["5", "–"].contains(cell)),
                "{runtime} {transport}: {cells:?}\n{}",
                *MATRIX
            );
        }
    }
}

#[test]
fn symptom_grpc_without_a_runtime_panics() {
    let cells = row("the SDK alone", "none", "grpc");
    assert!(cells.iter().all(|cell| ["panic", "–"].contains(cell)), "{}", *MATRIX);
}

#[test]
fn symptom_grpc_hangs_when_its_thread_is_blocked() {
    assert_eq!(row("the SDK alone", "current-thread", "grpc")[..3], ["hangs"; 3], "{}", *MATRIX);
    assert_eq!(row("the SDK alone", "one worker", "grpc")[..3], ["5", "hangs", "5"], "{}", *MATRIX);
}

#[test]
fn symptom_every_ending_without_a_call_loses_everything() {
    for (runtime, transport) in [("none", "http"), ("current-thread", "http"), ("two workers", "grpc")] {
        assert_eq!(row("the SDK alone", runtime, transport)[3..], ["0"; 4], "{}", *MATRIX);
    }
}

#[test]
fn with_several_threads_or_over_http_a_shutdown_delivers() {
    for (runtime, transport) in [("none", "http"), ("current-thread", "http"), ("two workers", "grpc")] {
        assert_eq!(row("the SDK alone", runtime, transport)[0], "5", "{}", *MATRIX);
    }
}
