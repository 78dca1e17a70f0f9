//! The list of conventions that the testkit checks against is the one of the pinned crate.
//!
//! The crate has a constant for each name and no list of them, so the list is made from its source and committed: the
//! testkit builds without looking for sources, and an upgrade shows in the diff what the conventions changed.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_list_of_conventions_is_the_one_of_the_pinned_crate() {
    let (version, source) = conventions_crate();
    let mut fresh = format!("# opentelemetry-semantic-conventions {version}, written by tests/freshness.rs\n");
    for kind in ["attribute", "metric"] {
        let text = std::fs::read_to_string(source.join(kind).with_extension("rs")).unwrap();
        fresh.push_str(&constants(kind, &text));
    }
    let path = Path::new("src/conventions.tsv");
    if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let how = "BLESS=1 cargo test -p testkit --test freshness";
    assert!(
        committed == fresh,
        "src/conventions.tsv is not what version {version} has; run `{how}` and look at the diff"
    );
}

/// Version and source folder, from `cargo metadata`: the lock file decides.
fn conventions_crate() -> (String, PathBuf) {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", host])
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "opentelemetry-semantic-conventions").unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    (package["version"].as_str().unwrap().to_owned(), manifest.with_file_name("src"))
}

/// One line for each `pub const`: what its documentation says of stability, instrument and unit, and what replaces it.
fn constants(kind: &str, source: &str) -> String {
    let (mut lines, mut above) = (String::new(), String::new());
    let source = source.replace("=\n    ", "= "); // a long constant is on two lines
    for line in source.lines() {
        let Some(name) = line.strip_prefix("pub const ").and_then(|rest| rest.split('"').nth(1)) else {
            above.push_str(line);
            above.push('\n');
            continue;
        };
        let cell = |label: &str| {
            let row = above.lines().find(|row| row.contains(label));
            row.and_then(|row| row.split('`').nth(1)).unwrap_or_default()
        };
        // The new name where there is exactly one, else the sentence that says what to do.
        let part = |from: &str, to: &str| above.split(from).nth(1).and_then(|rest| rest.split(to).next());
        let deprecated = part("renamed_to: ", "}").or_else(|| part("{note: ", ", reason:"));
        let deprecated = deprecated.map(|text| text.trim_end_matches("\\n")).unwrap_or_default();
        // Only metrics have a line that says it; the feature is on everything that is not stable.
        let status = match (cell("Status:"), above.contains("semconv_experimental")) {
            ("", true) => "development".to_owned(),
            ("", false) => "stable".to_owned(),
            (status, _) => status.to_lowercase(),
        };
        let fields = [kind, name, &status, example_type(&above), cell("Instrument:"), cell("Unit:"), deprecated];
        writeln!(lines, "{}", fields.join("\t").trim_end()).unwrap();
        above.clear();
    }
    assert_eq!(
        lines.lines().count(),
        source.matches("pub const ").count(),
        "a constant of {kind}.rs was not understood"
    );
    lines
}

/// The crate does not say of which type an attribute is; its first example does.
fn example_type(documentation: &str) -> &'static str {
    let examples = documentation.split("# Examples").nth(1).unwrap_or_default();
    let example = examples.split("/// - `").nth(1).unwrap_or_default();
    match example.chars().next() {
        Some('"') => "string",
        Some('[') => "array",
        Some('0'..='9' | '-') => "number",
        Some('t' | 'f') => "boolean",
        _ => "",
    }
}
