//! What has passed on this machine, so that a package nobody changed is not tested twice.
//!
//! A stamp is the hash of all that a package's tests can see: its sources, those of the workspace crates it is built
//! from, the lock file, the compiler, and for what reads the book as files the book itself. Stamps lie in the target
//! folder: a new machine has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use crate::process::{cargo, output, version};
use crate::root::{root, target};

/// A package of the workspace and the folders of the workspace crates it uses.
struct Package {
    home: PathBuf,
    uses: Vec<PathBuf>,
}

/// The state of each package now, and what was kept of it when it passed.
pub struct Stamps {
    now: BTreeMap<String, String>,
}

impl Stamps {
    /// Hashes every package.
    pub fn read() -> anyhow::Result<Self> {
        let packages = packages()?;
        let compiler = version("rustc", &["--version"]).unwrap_or_default();
        let shared = ["Cargo.toml", "Cargo.lock"].map(|file| fs::read_to_string(root().join(file)).unwrap_or_default());
        let mut now = BTreeMap::new();
        for name in packages.keys() {
            let mut seen = format!("{compiler}\n{}", shared.concat());
            for folder in folders(&packages, name) {
                let path = folder.strip_prefix(root())?.to_string_lossy().into_owned();
                seen += &book::hash_source(root(), &path)?;
            }
            now.insert(name.clone(), book::sha256(seen));
        }
        Ok(Self { now })
    }

    /// The packages that have passed as they are.
    pub fn passed(&self) -> BTreeSet<&str> {
        let has = |(name, hash): &(&String, &String)| fs::read_to_string(file(name)).is_ok_and(|kept| kept == **hash);
        self.now.iter().filter(has).map(|(name, _)| name.as_str()).collect()
    }

    /// Keeps that these packages have passed, in the state in which they were hashed.
    pub fn keep(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> anyhow::Result<()> {
        for name in names {
            let file = file(name.as_ref());
            fs::create_dir_all(file.parent().context("a stamp lies in a folder")?)?;
            fs::write(&file, &self.now[name.as_ref()]).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// All packages.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.now.keys().map(String::as_str)
    }
}

fn file(name: &str) -> PathBuf {
    target().join("passed").join(name)
}

fn packages() -> anyhow::Result<BTreeMap<String, Package>> {
    let metadata = output(cargo().args(["metadata", "--format-version=1", "--locked", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata prints JSON")?;
    let package = |package: &Value| {
        let home = Path::new(package["manifest_path"].as_str()?).parent()?.to_path_buf();
        let dependencies = package["dependencies"].as_array()?;
        let uses = dependencies.iter().filter_map(|dependency| Some(PathBuf::from(dependency["path"].as_str()?)));
        Some((package["name"].as_str()?.to_owned(), Package { home, uses: uses.collect() }))
    };
    let packages = metadata["packages"].as_array().context("metadata lists packages")?;
    Ok(packages.iter().filter_map(package).collect())
}

/// The folders that the tests of `name` see, directly or through other crates of the workspace.
fn folders(packages: &BTreeMap<String, Package>, name: &str) -> BTreeSet<PathBuf> {
    let (mut folders, mut next) = (BTreeSet::new(), vec![packages[name].home.clone()]);
    while let Some(folder) = next.pop() {
        if folders.insert(folder.clone()) {
            next.extend(
                packages.values().filter(|package| package.home == folder).flat_map(|package| package.uses.clone()),
            );
        }
    }
    let read_as_files: &[&str] = match name {
        "site" => &["src", "theme", "listings"],
        "snippets" => &["src"],
        _ => &[],
    };
    folders.extend(read_as_files.iter().map(|folder| root().join(folder)));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_tested_again_when_telemetry_changes_and_not_when_the_site_does() {
        let packages = packages().unwrap();
        let seen = folders(&packages, "circuit-breaker");
        assert!(seen.contains(&root().join("listings/telemetry")), "{seen:?}");
        assert!(seen.contains(&root().join("listings/testkit")), "{seen:?}");
        assert!(!seen.contains(&root().join("ci/site")), "{seen:?}");
        assert!(folders(&packages, "site").contains(&root().join("src")));
    }
}
