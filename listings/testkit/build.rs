//! Reads every attribute and metric of the semantic conventions from the source of the pinned crate, which has them as
//! constants: there is no list at run time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let source = conventions();
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut out = String::new();
    for (list, file) in [("ATTRIBUTES", "attribute.rs"), ("METRICS", "metric.rs")] {
        let text = fs::read_to_string(source.join(file)).expect("the crate has this file");
        writeln!(out, "pub(crate) const {list}: &[Convention] = &[").expect("a string takes everything");
        for name in constants(&text) {
            writeln!(out, "    {name},").expect("a string takes everything");
        }
        writeln!(out, "];").expect("a string takes everything");
    }
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("conventions.rs");
    fs::write(target, out).expect("OUT_DIR is writable");
}

/// The source folder of the crate, from `cargo metadata`: the lock file decides which version that is.
fn conventions() -> PathBuf {
    let (cargo, target) = (env::var_os("CARGO").expect("cargo sets it"), env::var("TARGET").expect("cargo sets it"));
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--filter-platform", &target])
        .output()
        .expect("cargo metadata runs inside a build");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let manifest = metadata["packages"]
        .as_array()
        .expect("metadata lists packages")
        .iter()
        .find(|package| package["name"] == "opentelemetry-semantic-conventions")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("the crate is a build dependency");
    Path::new(manifest).with_file_name("src")
}

/// One `Convention` literal for each `pub const`: name, whether deprecated, and what the comment says of unit and kind.
fn constants(text: &str) -> Vec<String> {
    let (mut found, mut comment) = (Vec::new(), String::new());
    for line in text.lines() {
        comment.push_str(line);
        comment.push('\n');
        let Some(name) = line.strip_prefix("pub const ").and_then(|rest| rest.split('"').nth(1)) else { continue };
        let cell = |label: &str| {
            let row = comment.lines().find(|row| row.contains(label))?;
            Some(row.split('`').nth(1)?.to_owned())
        };
        found.push(format!(
            "Convention {{ name: {name:?}, deprecated: {}, unit: {:?}, kind: {:?} }}",
            comment.contains("#[deprecated"),
            cell("Unit:").unwrap_or_default(),
            cell("Instrument:").unwrap_or_default(),
        ));
        comment.clear();
    }
    found
}
