//! A program of your own: `program/Cargo.toml`, and the first example for its `main.rs`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use testkit::Receiver;

const MANIFEST: &str = "program/Cargo.toml";
const WORKSPACE: &str = "../../..";

#[tokio::test]
async fn a_program_with_this_manifest_sends_its_spans() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first");
    fs::create_dir_all(program.join("src/bin")).unwrap();
    // As in the workspace, so that what both need is compiled once; and in none, wherever the target folder is.
    let lean =
        "\n[workspace]\n[profile.dev]\ndebug = \"line-tables-only\"\n[profile.dev.package.\"*\"]\ndebug = false\n";
    fs::write(program.join("Cargo.toml"), fs::read_to_string(MANIFEST).unwrap() + lean).unwrap();
    fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    fs::copy("examples/first-signal.rs", program.join("src/bin/first.rs")).unwrap();

    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let receiver = Receiver::http().await;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--offline", "--bin", "first"]).current_dir(program).env("CARGO_TARGET_DIR", target);
    cargo.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()).env_remove("OTEL_EXPORTER_OTLP_PROTOCOL");
    let output = tokio::task::spawn_blocking(move || cargo.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(receiver.capture().await.tree(), "order\n  pack\n");
}

#[test]
fn the_manifest_asks_for_the_versions_of_the_workspace() {
    let read = |path: &Path| -> toml::Table { fs::read_to_string(path).unwrap().parse().unwrap() };
    let (ours, theirs) = (read(&Path::new(WORKSPACE).join("Cargo.toml")), read(Path::new(MANIFEST)));
    for (name, asked) in theirs["dependencies"].as_table().unwrap() {
        let pinned = &ours["workspace"]["dependencies"][name];
        let pinned = pinned.as_str().or_else(|| pinned.get("version")?.as_str()).unwrap();
        let asked = asked.as_str().unwrap();
        assert!(format!("{pinned}.").starts_with(&format!("{asked}.")), "{name}: {asked} on the page, {pinned} here");
    }
}
