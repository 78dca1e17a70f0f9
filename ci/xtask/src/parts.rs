//! What the book needs: which version, what for, and the command that brings it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::{apt, cargo, command, run, version};
use crate::root::{root, target};

/// Something that is there, or is brought.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// The version that is needed: `0.5.4`, `156` for any 156, `3.11+` for that or a later one, nothing for any.
    pub wanted: fn() -> String,
    /// What it is for.
    pub purpose: &'static str,
    /// How a person gets it.
    pub how: &'static str,
    /// The version that is there.
    pub found: fn() -> Option<String>,
    /// Who gets it.
    pub bring: Bring,
}

/// Who gets a part that is missing.
pub enum Bring {
    /// The commands that need it.
    Command(fn() -> anyhow::Result<()>),
    /// A person, before anything else.
    Person,
    /// A person who wants to run `cargo xtask versus`.
    PersonForVersus,
}

impl Part {
    /// Whether it is there, in the right version.
    pub fn is_there(&self) -> bool {
        (self.found)().is_some_and(|found| fits(&found, &(self.wanted)()))
    }

    /// Brings it when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be brought, with what a person can do.
    pub fn ensure(&self) -> anyhow::Result<()> {
        if self.is_there() {
            return Ok(());
        }
        let Self { name, purpose, how, .. } = self;
        let named = [name, (self.wanted)().as_str()].join(" ");
        let found = (self.found)().map_or("it is missing".into(), |found| format!("{found} is here"));
        match self.bring {
            Bring::Command(bring) => {
                println!("{name}: {found}; bringing {} ({purpose})", named.trim());
                bring().with_context(|| format!("{name} could not be brought; try: {how}"))
            }
            Bring::Person => bail!("{name}: {found}, and {} is needed ({purpose}): {how}", named.trim()),
            Bring::PersonForVersus => Ok(()),
        }
    }
}

const MDBOOK: &str = "0.5.4";
const MERMAID: &str = "0.17.1";
const AXE: &str = "ci/site/tests/axe";
const RUSTUP: &str = "https://rustup.rs; rustup update; rustup component add clippy rustfmt";
const NODE: &str = "https://nodejs.org, or your system's package";
const CHROMIUM: &str = "apt-get install chromium chromium-driver";
const GO: &str = "https://go.dev/doc/install";
/// The list of what is in the Collector, and the version of the builder that it was written for.
const OTELCOL: &str = "listings/foundations/collectors/collector/builder.yaml";

/// A program inside a package of Python's, as long as it is in no other registry.
const ROTEL: &str = "0.0.1a15";

/// Everything, in the order of need.
pub const PARTS: [Part; 21] = [
    needed(
        "rustc",
        || concat!(env!("CARGO_PKG_RUST_VERSION"), "+").into(),
        "everything",
        RUSTUP,
        || version("rustc", &["--version"]),
    ),
    needed("clippy", String::new, "lints", RUSTUP, || version("cargo-clippy", &["--version"])),
    needed("rustfmt", String::new, "the format", RUSTUP, || version("rustfmt", &["--version"])),
    needed("cc", String::new, "links programs, compiles C libraries", "apt-get install gcc libc6-dev", || {
        version("cc", &["--version"])
    }),
    needed("git", String::new, "which files are the book's", "apt-get install git", || version("git", &["--version"])),
    brought(
        "mdbook",
        || MDBOOK.into(),
        "builds and serves the book",
        "cargo xtask build",
        || version("mdbook", &["--version"]),
        || install("mdbook", MDBOOK),
    ),
    brought(
        "mdbook-mermaid",
        || MERMAID.into(),
        "draws the diagrams",
        "cargo xtask build",
        || version("mdbook-mermaid", &["--version"]),
        || install("mdbook-mermaid", MERMAID),
    ),
    needed(
        "python3",
        || "3.11+".into(),
        "runs the validators",
        "apt-get install python3-venv",
        || version("python3", &["--version"]),
    ),
    brought(
        "validators",
        || "as pinned".into(),
        "check manifests, workflows, Chinese",
        "cargo xtask check",
        validators,
        bring_validators,
    ),
    needed("node", || "20+".into(), "runs npm, and the page of a test", NODE, || version("node", &["--version"])),
    needed("npm", String::new, "brings axe-core", NODE, || version("npm", &["--version"])),
    brought(
        "axe-core",
        || axe("package-lock.json").unwrap_or_default(),
        "the accessibility test",
        "npm ci --prefix ci/site/tests/axe",
        || axe("node_modules/.package-lock.json"),
        || run(command("npm").args(["ci", "--prefix", AXE, "--no-audit", "--no-fund"])),
    ),
    needed("go", || "1.26+".into(), "builds the OpenTelemetry Collector", GO, go),
    brought(
        "otelcol",
        || otelcol_version().unwrap_or_default(),
        "the Collector of the tests; takes minutes",
        "cargo xtask test",
        otelcol,
        bring_otelcol,
    ),
    brought("rotel", || ROTEL.into(), "another collector, for a test", "cargo xtask test", rotel, bring_rotel),
    brought(
        "postgresql",
        || "15+".into(),
        "the database of the tests",
        "apt-get install postgresql",
        postgresql,
        || apt(&["postgresql"]),
    ),
    brought(
        "redis",
        || "7+".into(),
        "the broker of the tests",
        "apt-get install redis-server",
        redis,
        || apt(&["redis-server"]),
    ),
    brought(
        "chromium",
        String::new,
        "the browser tests",
        CHROMIUM,
        || version("chromium", &["--version"]),
        || apt(&["chromium", "chromium-driver"]),
    ),
    brought(
        "chromedriver",
        chromium,
        "drives the browser",
        CHROMIUM,
        || version("chromedriver", &["--version"]),
        || apt(&["chromium", "chromium-driver"]),
    ),
    brought(
        "wasm",
        String::new,
        "compiles the page of a test",
        "rustup target add wasm32-unknown-unknown",
        wasm,
        || apt(&["cargo-web", "lld-22", "rust-web-src", "rustc-web"]),
    ),
    Part {
        name: "java, maven",
        wanted: || "17+".into(),
        purpose: "`cargo xtask versus`: the peers on the JVM",
        how: "apt-get install openjdk-17-jdk-headless maven",
        found: jvm,
        bring: Bring::PersonForVersus,
    },
];

const fn needed(
    name: &'static str,
    wanted: fn() -> String,
    purpose: &'static str,
    how: &'static str,
    found: fn() -> Option<String>,
) -> Part {
    Part { name, wanted, purpose, how, found, bring: Bring::Person }
}

const fn brought(
    name: &'static str,
    wanted: fn() -> String,
    purpose: &'static str,
    how: &'static str,
    found: fn() -> Option<String>,
    bring: fn() -> anyhow::Result<()>,
) -> Part {
    Part { name, wanted, purpose, how, found, bring: Bring::Command(bring) }
}

/// The part of this name.
pub fn part(name: &str) -> &'static Part {
    PARTS.iter().find(|part| part.name == name).expect("the table has every part that the code names")
}

/// Where the book's own tools lie.
pub fn folders() -> [PathBuf; 2] {
    let tools = target().join("tools");
    [tools.join("bin"), tools.join("venv/bin")]
}

/// Whether what a program says of itself is a version that is wanted.
fn fits(found: &str, wanted: &str) -> bool {
    let word = found.split([' ', '/']).map(|word| word.trim_matches(['v', '"', ',']));
    let version = word.clone().find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or_default();
    match wanted.strip_suffix('+') {
        Some(least) => numbers(version) >= numbers(least),
        None => wanted.is_empty() || found == wanted || version == wanted || version.starts_with(&format!("{wanted}.")),
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|number| number.parse().ok()).collect()
}

fn install(name: &str, version: &str) -> anyhow::Result<()> {
    let tools = target().join("tools");
    let package = format!("{name}@{version}");
    run(cargo()
        .args(["install", "--locked", &package, "--root"])
        .arg(&tools)
        .arg("--target-dir")
        .arg(tools.join("build")))
}

/// The environment is right when it was made from the list of today.
fn validators() -> Option<String> {
    let made_from = fs::read_to_string(target().join("tools/venv/requirements.txt")).ok()?;
    let today = fs::read_to_string(root().join("ci/tools/requirements.txt")).ok()?;
    Some(if made_from == today { "as pinned" } else { "another list" }.into())
}

fn bring_validators() -> anyhow::Result<()> {
    let venv = target().join("tools/venv");
    let list = root().join("ci/tools/requirements.txt");
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(command(venv.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&list))?;
    fs::copy(&list, venv.join("requirements.txt")).context("the list of what was installed cannot be kept")?;
    Ok(())
}

/// `go version go1.26.8 linux/amd64`, with the version as a word of its own.
fn go() -> Option<String> {
    version("go", &["version"]).map(|said| said.replace(" go1.", " 1."))
}

/// The version that the list asks for.
fn otelcol_version() -> Option<String> {
    let list = fs::read_to_string(root().join(OTELCOL)).ok()?;
    list.lines().find_map(|line| Some(line.trim().strip_prefix("version:")?.trim().to_owned()))
}

/// The Collector is right when it was built from the list of today.
fn otelcol() -> Option<String> {
    let said = version("otelcol", &["--version"])?;
    let built_from = fs::read_to_string(target().join("tools/otelcol.yaml")).ok();
    let today = fs::read_to_string(root().join(OTELCOL)).ok();
    Some(if built_from == today { said } else { "another list".into() })
}

/// Builds it with the builder of the same version. Go keeps what it downloads and compiles in its own folders.
fn bring_otelcol() -> anyhow::Result<()> {
    let tools = target().join("tools");
    let wanted = otelcol_version().with_context(|| format!("{OTELCOL} has no version"))?;
    let builder = format!("go.opentelemetry.io/collector/cmd/builder@v{wanted}");
    fs::create_dir_all(tools.join("bin"))?;
    let list = root().join(OTELCOL);
    // `output_path` of the list is a path below the folder of the tools.
    run(command("go").current_dir(&tools).args(["run", &builder, "--ldflags=-s -w", "--config"]).arg(&list))?;
    fs::rename(tools.join("build/otelcol/otelcol"), tools.join("bin/otelcol")).context("the builder built nothing")?;
    fs::copy(&list, tools.join("otelcol.yaml")).context("the list of what was built cannot be kept")?;
    Ok(())
}

fn rotel() -> Option<String> {
    version("rotel", &["--version"])?; // tells another version than its package
    fs::read_to_string(target().join("tools/rotel.version")).ok()
}

/// The package is for a few versions of Python, and the program in it needs none.
fn bring_rotel() -> anyhow::Result<()> {
    let tools = target().join("tools");
    let (folder, package) = (tools.join("build/rotel"), format!("rotel=={ROTEL}"));
    let platform = format!("manylinux_2_34_{}", std::env::consts::ARCH);
    let mut pip = command(tools.join("venv/bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--only-binary=:all:"]);
    pip.args(["--python-version", "3.11", "--platform", &platform, &package, "--target"]).arg(&folder);
    run(&mut pip)?;
    fs::create_dir_all(tools.join("bin"))?;
    fs::copy(folder.join("rotel/rotel-agent"), tools.join("bin/rotel")).context("the package has no program")?;
    fs::write(tools.join("rotel.version"), ROTEL).context("which version it is cannot be kept")
}

/// On the path, or where Debian keeps its versions.
fn postgresql() -> Option<String> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin/postgres").to_string_lossy().into_owned());
    programs.chain(["postgres".to_owned()]).filter_map(|program| version(&program, &["--version"])).max()
}

/// `Redis server v=7.0.15 sha=…`, with the version as a word of its own.
fn redis() -> Option<String> {
    version("redis-server", &["--version"]).map(|said| said.replace(" v=", " "))
}

/// The version of axe-core that a lock file names.
fn axe(lock: &str) -> Option<String> {
    let lock = fs::read_to_string(root().join(AXE).join(lock)).ok()?;
    let lock: Value = serde_json::from_str(&lock).ok()?;
    Some(lock["packages"]["node_modules/axe-core"]["version"].as_str()?.to_owned())
}

/// The driver has the browser's version.
fn chromium() -> String {
    let version = version("chromium", &["--version"]).unwrap_or_default();
    let number = version.split(' ').find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    number.and_then(|number| number.split('.').next()).unwrap_or_default().to_owned()
}

/// rustup's library for the browser, or what Debian has in its place: a compiler, and the sources of that library.
fn wasm() -> Option<String> {
    let library = version("rustc", &["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    if library.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return version("rustc", &["--version"]);
    }
    let sources = Path::new("/usr/lib/rustlib/src/rust/library").is_dir();
    version("wasm-ld-22", &["--version"]).filter(|_| sources)?;
    version("/usr/bin/cargo", &["--version"])?;
    version("/usr/bin/rustc", &["--version"])
}

fn jvm() -> Option<String> {
    let maven = version("mvn", &["--batch-mode", "-Dstyle.color=never", "--version"])?;
    let (java, maven) = (version("java", &["-version"])?, maven.split(' ').nth(2)?.to_owned());
    Some(format!("java {}, maven {maven}", java.split('"').nth(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fit() {
        assert!(fits("mdbook v0.5.4", "0.5.4") && !fits("mdbook v0.5.40", "0.5.4"));
        assert!(fits("ChromeDriver 156.0.1 (abc)", "156") && !fits("ChromeDriver 155.9 (abc)", "156"));
        assert!(fits("Python 3.11.7", "3.11+") && !fits("Python 3.9.2", "3.11+"));
        assert!(fits("rustc 1.95.0 (f2d3ce0bd 2026-03-21)", "1.91.1+") && !fits("rustc 1.91.0 (x)", "1.91.1+"));
        assert!(fits("v20.20.2", "20+") && fits("java 17.0.12, maven 3.8.7", "17+") && fits("anything", ""));
        assert!(fits("go version 1.26.8 linux/amd64", "1.26+") && fits("otelcol version 0.161.0", "0.161.0"));
        assert!(fits("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15+"));
        assert!(!fits("another list", "0.161.0"));
        assert!(!fits("", "1+"));
    }

    #[test]
    fn what_only_a_person_can_bring_is_an_error_that_says_how() {
        let missing = needed("abacus", || "3+".into(), "sums", "carve one", || Some("abacus 2".into()));
        let error = missing.ensure().unwrap_err().to_string();
        assert_eq!(error, "abacus: abacus 2 is here, and abacus 3+ is needed (sums): carve one");
    }
}
