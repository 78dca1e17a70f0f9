//! A program of your own, with `program/Cargo.toml` for its manifest, beside the unpacked archive.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const MANIFEST: &str = "program/Cargo.toml";

/// The workspace that this crate is in: the repository, or the archive.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

/// The program and the archive side by side, as the page has it.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("beside");
    let program = beside.join("program");
    fs::create_dir_all(program.join("src/bin")).unwrap();
    // As in the workspace, so that what both need is compiled once; and in none, wherever the target folder is.
    let lean =
        "\n[workspace]\n[profile.dev]\ndebug = \"line-tables-only\"\n\n[profile.dev.package.\"*\"]\ndebug = false\n";
    fs::write(program.join("Cargo.toml"), fs::read_to_string(MANIFEST).unwrap() + lean).unwrap();
    fs::copy(workspace().join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    let archive = beside.join("shutdown");
    let _ = fs::remove_file(&archive); // an error means that it is not there yet
    std::os::unix::fs::symlink(workspace(), archive).unwrap();
    fs::copy("examples/shutdown-service.rs", program.join("src/bin/service.rs")).unwrap();
    fs::write(program.join("src/bin/client.rs"), ANOTHER_VERSION).unwrap();
    program
});

/// Compiles one of its programs, offline, with the target folder of these tests: what the compiler said.
fn build(program: &str) -> (bool, String) {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--bin", program]).current_dir(&*PROGRAM).env("CARGO_TARGET_DIR", target);
    let built = cargo.output().unwrap();
    (built.status.success(), String::from_utf8(built.stderr).unwrap())
}

#[test]
fn a_program_with_this_manifest_builds_the_service() {
    let (is_built, said) = build("service");
    assert!(is_built, "{said}");
}

/// What `reqwest` 0.12 is to the compiler: types of the same names that are others.
const ANOTHER_VERSION: &str = r#"
mod reqwest {
    pub struct Request;
    #[derive(Clone)]
    pub struct Client;
    impl tower::Service<Request> for Client {
        type Response = ();
        type Error = ();
        type Future = std::future::Ready<Result<(), ()>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), ()>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request) -> Self::Future {
            std::future::ready(Ok(()))
        }
    }
}

fn main() {
    use tower::{Layer, ServiceExt};
    let layer = telemetry::http::ClientLayer::new(&opentelemetry::global::meter("program"));
    drop(layer.layer(reqwest::Client).oneshot(reqwest::Request));
}
"#;

#[test]
fn symptom_a_client_of_another_reqwest_has_no_oneshot() {
    let (is_built, said) = build("client");
    let method = "the method `oneshot` exists for struct `ClientService<reqwest::Client>`";
    let message = format!("{method}, but its trait bounds were not satisfied");
    assert!(!is_built && said.contains(&message), "{said}");
}

#[test]
fn the_manifest_asks_for_the_versions_of_the_workspace() {
    let read = |path: &Path| -> toml::Table { fs::read_to_string(path).unwrap().parse().unwrap() };
    let (ours, theirs) = (read(&workspace().join("Cargo.toml")), read(Path::new(MANIFEST)));
    let ours = &ours["workspace"]["dependencies"];
    let version = |dependency: &toml::Value| {
        dependency.as_str().or_else(|| dependency.get("version")?.as_str()).map(str::to_owned)
    };
    for (name, dependency) in theirs["dependencies"].as_table().unwrap() {
        let Some(asked) = version(dependency) else { continue }; // a path
        let pinned = version(&ours[name]).unwrap();
        assert!(format!("{pinned}.").starts_with(&format!("{asked}.")), "{name}: {asked} on the page, {pinned} here");
    }
}
