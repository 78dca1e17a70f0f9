//! What the book needs beside Rust: which version, what for, and the command that brings it.

use std::path::PathBuf;

use anyhow::Context;

use crate::process::{apt, cargo, command, exists, run, version};
use crate::root::{root, target};

/// Something that is there or is brought.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// The version that is needed; empty where any will do.
    pub wanted: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// How a person gets it.
    pub how: &'static str,
    /// The version that is there.
    pub found: fn() -> Option<String>,
    /// Gets it.
    pub bring: fn() -> anyhow::Result<()>,
}

impl Part {
    /// Whether it is there, in the right version.
    pub fn is_there(&self) -> bool {
        (self.found)().is_some_and(|found| {
            found.split([' ', '/']).any(|word| word.trim_start_matches('v') == self.wanted) || self.wanted.is_empty()
        })
    }

    /// Brings it when it is not there.
    pub fn ensure(&self) -> anyhow::Result<()> {
        if self.is_there() {
            return Ok(());
        }
        let found = (self.found)().map_or("it is missing".into(), |found| format!("{found} is here"));
        println!("{}: {found}; bringing {} ({})", self.name, [self.name, self.wanted].join(" ").trim(), self.purpose);
        (self.bring)().with_context(|| format!("{} could not be brought; try: {}", self.name, self.how))
    }
}

const MDBOOK: &str = "0.5.4";
const MERMAID: &str = "0.17.1";

/// Everything, in the order of need.
pub const PARTS: [Part; 6] = [
    Part {
        name: "mdbook",
        wanted: MDBOOK,
        purpose: "builds and serves the book",
        how: "cargo xtask build",
        found: || version("mdbook", &["--version"]),
        bring: || install("mdbook", MDBOOK),
    },
    Part {
        name: "mdbook-mermaid",
        wanted: MERMAID,
        purpose: "draws the diagrams",
        how: "cargo xtask build",
        found: || version("mdbook-mermaid", &["--version"]),
        bring: || install("mdbook-mermaid", MERMAID),
    },
    Part {
        name: "chromium",
        wanted: "",
        purpose: "the browser tests",
        how: "apt-get install chromium",
        found: || version("chromium", &["--version"]),
        bring: || apt(&["chromium"]),
    },
    Part {
        name: "chromedriver",
        wanted: "",
        purpose: "drives the browser",
        how: "apt-get install chromium-driver",
        found: || version("chromedriver", &["--version"]),
        bring: || apt(&["chromium-driver"]),
    },
    Part {
        name: "axe-core",
        wanted: "",
        purpose: "the accessibility test",
        how: "npm ci --prefix ci/site/tests/axe (needs Node.js)",
        found: || exists(root().join("ci/site/tests/axe/node_modules/axe-core/axe.min.js")).map(|_| "installed".into()),
        bring: || run(command("npm").args(["ci", "--prefix", "ci/site/tests/axe", "--no-audit", "--no-fund"])),
    },
    Part {
        name: "validators",
        wanted: "",
        purpose: "checks of manifests, Dockerfiles and workflows",
        how: "python3 -m venv target/tools/venv && target/tools/venv/bin/pip install -r ci/tools/requirements.txt",
        found: validators,
        bring: bring_validators,
    },
];

/// The part of this name.
pub fn part(name: &str) -> &'static Part {
    PARTS.iter().find(|part| part.name == name).expect("the table has every part that the code names")
}

/// Where the book's own tools lie.
pub fn folders() -> [PathBuf; 2] {
    let tools = target().join("tools");
    [tools.join("bin"), tools.join("venv/bin")]
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
    let made_from = std::fs::read_to_string(target().join("tools/venv/requirements.txt")).ok()?;
    (made_from == std::fs::read_to_string(root().join("ci/tools/requirements.txt")).ok()?).then(|| "as pinned".into())
}

fn bring_validators() -> anyhow::Result<()> {
    let venv = target().join("tools/venv");
    let list = root().join("ci/tools/requirements.txt");
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(command(venv.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&list))?;
    std::fs::copy(&list, venv.join("requirements.txt")).context("the list of what was installed cannot be kept")?;
    Ok(())
}
