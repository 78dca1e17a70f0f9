//! The package in `fixtures/wasm`, built for the browser, and Node.js in the place of a browser.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::timeout;
use wasm_bindgen_cli_support::Bindgen;

/// How long a page may run. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(60);
const TARGET: &str = "wasm32-unknown-unknown";
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wasm");

/// The folder with `page.js` and `page_bg.wasm`, as a web server would have it. Built once for all tests.
static PAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = cargo("build", &[]);
    assert!(built.status.success(), "the page does not build:\n{}", text(&built.stderr));
    let page = folder().join("page");
    let mut bindgen = Bindgen::new();
    bindgen.input_path(folder().join(TARGET).join("debug/page.wasm")).typescript(false);
    bindgen.web(true).and_then(|bindgen| bindgen.generate(&page)).unwrap();
    std::fs::write(page.join("package.json"), r#"{ "type": "module" }"#).unwrap();
    page
});

/// Runs `script` with the page loaded as `page`, until nothing is left to do: its output, and its errors.
pub async fn run(script: &str) -> (String, String) {
    let folder = PAGE.display();
    let load = format!(
        r#"
        import {{ readFileSync }} from "node:fs";
        import vm from "node:vm";
        import init, * as page from "{folder}/page.js";
        globalThis.document = new EventTarget();
        globalThis.page = page;
        await init({{ module_or_path: readFileSync("{folder}/page_bg.wasm") }});
        {script}"#
    );
    let mut node = tokio::process::Command::new("node");
    node.args(["--input-type=module", "--eval", &load]).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, node.output()).await.expect("the page ends").expect("Node.js runs it");
    (text(&output.stdout), text(&output.stderr))
}

/// What the compiler says when it cannot build the page so.
pub fn does_not_compile(command: &str, arguments: &[&str]) -> String {
    let output = cargo(command, arguments);
    assert!(!output.status.success(), "cargo {command} {arguments:?} succeeded");
    text(&output.stderr)
}

/// Cargo for the browser: rustup's, where it has the target, or Debian's, which builds the standard library first.
fn cargo(command: &str, arguments: &[&str]) -> Output {
    let library = ask("rustc", &["--print", "target-libdir", "--target", TARGET]);
    let mut cargo = if library.is_some_and(|library| Path::new(&library).is_dir()) {
        let mut cargo = Command::new(std::env::var_os("CARGO").expect("cargo runs this test"));
        cargo.arg(command);
        cargo
    } else {
        assert!(
            Path::new("/usr/lib/rustlib/src/rust/library").is_dir() && ask("wasm-ld-22", &["--version"]).is_some(),
            "no compiler for {TARGET}: `rustup target add {TARGET}`, or on Debian \
             `apt-get install cargo-web lld-22 rust-web-src rustc-web`, as `cargo xtask test` does"
        );
        let mut cargo = Command::new("/usr/bin/cargo");
        cargo.args([command, "-Zbuild-std=std,panic_abort", "-Zbuild-std-features="]);
        cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1").env_remove("LD_LIBRARY_PATH");
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22");
        cargo
    };
    cargo.args(["--locked", "--color=never", "--target", TARGET, "--target-dir"]).arg(folder()).args(arguments);
    cargo.current_dir(FIXTURE).env_remove("RUSTFLAGS").stdin(Stdio::null()).output().expect("cargo is there")
}

fn ask(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| text(&output.stdout).trim().to_owned())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
