//! An example of the crate under test, as a program.

use std::process::Command;

/// An example as a process of its own, with nothing of telemetry in its environment. Cargo builds it before the tests of
/// its crate.
///
/// # Panics
///
/// When it is not there, with the command that builds it.
pub fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("a running program has a path");
    let built = test.ancestors().nth(2).expect("tests lie in the folder `deps`, beside `examples`");
    let path = built.join("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo build --example {name}", path.display());
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}
