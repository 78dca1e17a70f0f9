//! What has passed on this machine, so that a package nobody changed is not tested twice.
//!
//! A stamp is the hash of all that a package's tests can see: its sources, those of the workspace crates it is built
//! from, the lock file, the compiler, the environment, and for what reads the book as files the book itself. Stamps lie
//! in the target folder: a new machine has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::parts;
use crate::process::{cargo, output, version};
use crate::root::{root, target};

/// What the tests of these packages read beside their own sources.
const READ_AS_FILES: [(&str, &[&str]); 2] = [
    (
        "site",
        &["src", "theme", "listings", "book.toml", "clippy.toml", "rustfmt.toml", "LICENSE-APACHE", "LICENSE-MIT"],
    ),
    ("snippets", &["src"]),
];

/// The tests of these packages run tools that Cargo knows nothing of.
const USE_TOOLS: [&str; 3] = ["collectors", "site", "troubleshooting"];

/// Variables that change what a test does or how it is built begin with one of these.
const VARIABLES: [&str; 7] =
    ["CARGO_BUILD_", "CARGO_ENCODED_", "CARGO_PROFILE_", "LOOM_", "OTEL_", "PROPTEST_", "RUSTFLAGS"];

/// A package of the workspace.
#[derive(Debug)]
struct Package {
    home: PathBuf,
    /// The folders of the workspace crates it uses.
    uses: Vec<PathBuf>,
    /// Whether it has a loom model of its shared state: those have the feature `loom`.
    has_model: bool,
}

/// What is kept of a package that passed.
#[derive(Serialize, Deserialize)]
struct Stamp {
    hash: String,
    passed: u64,
}

/// The state of each package now, and what was kept of it when it passed.
pub struct Stamps {
    packages: BTreeMap<String, Package>,
    now: BTreeMap<String, String>,
}

impl Stamps {
    /// Hashes every package.
    pub fn read() -> anyhow::Result<Self> {
        let metadata = output(cargo().args(["metadata", "--format-version=1", "--locked", "--no-deps"]))?;
        let packages = packages(&serde_json::from_str(&metadata).context("cargo metadata prints JSON")?);
        let shared = shared();
        let mut now = BTreeMap::new();
        for name in packages.keys() {
            let mut seen = shared.clone();
            for path in sources(&packages, name, root()) {
                let path = path.strip_prefix(root())?.to_string_lossy().into_owned();
                seen += &format!("{path}={}\n", book::hash_source(root(), &path)?);
            }
            if USE_TOOLS.contains(&name.as_str()) {
                let tools = parts::PARTS.iter().map(|part| format!("{}={:?}\n", part.name, (part.found)()));
                seen.extend(tools);
            }
            now.insert(name.clone(), book::sha256(seen));
        }
        Ok(Self { packages, now })
    }

    /// The packages that have passed as they are, and how many tests each has.
    pub fn passed(&self) -> BTreeMap<&str, u64> {
        let kept = |(name, hash): (&'_ String, &String)| {
            let stamp: Stamp = serde_json::from_str(&fs::read_to_string(file(name)).ok()?).ok()?;
            (stamp.hash == *hash).then_some(stamp.passed)
        };
        self.now.iter().filter_map(|entry| Some((entry.0.as_str(), kept(entry)?))).collect()
    }

    /// Keeps that a package has passed, in the state in which it was hashed.
    pub fn keep(&self, name: &str, passed: u64) -> anyhow::Result<()> {
        let (file, hash) = (file(name), self.now[name].clone());
        fs::create_dir_all(file.parent().context("a stamp lies in a folder")?)?;
        fs::write(&file, serde_json::to_string(&Stamp { hash, passed })?).with_context(|| file.display().to_string())
    }

    /// All packages.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.now.keys().map(String::as_str)
    }

    /// The packages with a loom model.
    pub fn models(&self) -> BTreeSet<&str> {
        self.packages.iter().filter(|(_, package)| package.has_model).map(|(name, _)| name.as_str()).collect()
    }
}

fn file(name: &str) -> PathBuf {
    target().join("passed").join(name)
}

/// What every package's tests depend on.
fn shared() -> String {
    let files = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"];
    let files = files.map(|file| fs::read_to_string(root().join(file)).unwrap_or_default()).concat();
    let compiler = version("rustc", &["--version"]).unwrap_or_default();
    let mut variables: Vec<String> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .filter(|variable| VARIABLES.iter().any(|start| variable.starts_with(start)))
        .collect();
    variables.sort();
    format!("{compiler}\n{}\n{files}\n", variables.join("\n"))
}

fn packages(metadata: &Value) -> BTreeMap<String, Package> {
    let package = |package: &Value| {
        let home = Path::new(package["manifest_path"].as_str()?).parent()?.to_path_buf();
        let dependencies = package["dependencies"].as_array()?;
        let uses = dependencies.iter().filter_map(|dependency| Some(PathBuf::from(dependency["path"].as_str()?)));
        let has_model = package["features"].get("loom").is_some();
        Some((package["name"].as_str()?.to_owned(), Package { home, uses: uses.collect(), has_model }))
    };
    metadata["packages"].as_array().into_iter().flatten().filter_map(package).collect()
}

/// What the tests of `name` see: its folder, those of workspace crates it uses, also through others, and what it reads.
fn sources(packages: &BTreeMap<String, Package>, name: &str, root: &Path) -> BTreeSet<PathBuf> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![packages[name].home.clone()]);
    while let Some(folder) = next.pop() {
        if let Some(package) = packages.values().find(|package| package.home == folder)
            && seen.insert(folder)
        {
            next.extend(package.uses.iter().cloned());
        }
    }
    let read = READ_AS_FILES.iter().filter(|(reader, _)| *reader == name).flat_map(|(_, paths)| *paths);
    seen.extend(read.map(|path| root.join(path)));
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace() -> BTreeMap<String, Package> {
        let package = |name: &str, folder: &str, uses: &[&str], features: Value| {
            let uses: Vec<Value> = uses.iter().map(|path| json!({ "path": format!("/r/{path}") })).collect();
            json!({ "name": name, "manifest_path": format!("/r/{folder}/Cargo.toml"), "dependencies": uses, "features": features })
        };
        packages(&json!({ "packages": [
            package("retry", "listings/patterns/retry", &["listings/testkit"], json!({ "loom": ["dep:loom"] })),
            package("cache", "listings/patterns/cache", &["listings/telemetry"], json!({})),
            package("testkit", "listings/testkit", &["listings/telemetry"], json!({})),
            package("telemetry", "listings/telemetry", &[], json!({})),
            package("site", "ci/site", &["ci/book"], json!({})),
            package("book", "ci/book", &[], json!({})),
        ]}))
    }

    fn seen(name: &str) -> Vec<String> {
        let seen = sources(&workspace(), name, Path::new("/r"));
        seen.iter().map(|path| path.strip_prefix("/r").unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_listing_sees_what_it_is_built_from_and_neither_another_listing_nor_the_site() {
        assert_eq!(seen("retry"), ["listings/patterns/retry", "listings/telemetry", "listings/testkit"]);
        assert_eq!(seen("cache"), ["listings/patterns/cache", "listings/telemetry"]);
    }

    #[test]
    fn the_site_sees_the_pages_and_the_listings() {
        let seen = seen("site");
        for path in ["ci/book", "ci/site", "src", "theme", "listings", "book.toml"] {
            assert!(seen.iter().any(|seen| seen == path), "{path}: {seen:?}");
        }
    }

    #[test]
    fn a_model_is_known_by_its_feature() {
        let packages = workspace();
        assert!(packages["retry"].has_model && !packages["cache"].has_model);
    }
}
