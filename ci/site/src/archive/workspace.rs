//! The repository's workspace, cut down to one listing and what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use toml_edit::{Array, DocumentMut, Item};

/// The root files of an archive.
pub(super) struct Workspace {
    /// The listing and the crates of this repository that it needs, from the root.
    pub members: BTreeSet<String>,
    pub manifest: String,
    pub lock: String,
    pub readme: String,
}

impl Workspace {
    /// The workspace around `member`, a folder from `root`.
    pub fn of(root: &Path, member: &str) -> anyhow::Result<Self> {
        let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
        let manifest: DocumentMut = read("Cargo.toml")?.parse().context("Cargo.toml")?;
        let (mut members, mut used, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut open = vec![member.to_owned()];
        while let Some(member) = open.pop() {
            let path = format!("{member}/Cargo.toml");
            let own: Member = toml::from_str(&read(&path)?).context(path)?;
            names.insert(own.package.name.clone());
            for name in own.dependencies() {
                open.extend(path_of(&manifest, name).filter(|path| !members.contains(path)));
                used.insert(name.to_owned());
            }
            members.insert(member);
        }
        let lock = lock(&read("Cargo.lock")?, &names)?;
        let manifest = cut(manifest, &members, &used).context("Cargo.toml")?;
        let package: Member = toml::from_str(&read(&format!("{member}/Cargo.toml"))?)?;
        let readme = format!(
            "# {name}\n\n{description}, from the book Rust OTLP. The listing is in `{member}`; beside it is what it needs.\n\n\
             Run its tests with `cargo test --package {name}`.\n",
            name = package.package.name,
            description = package.package.description,
        );
        Ok(Self { members, manifest, lock, readme })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Member {
    package: Package,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    build_dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    target: BTreeMap<String, Dependencies>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Dependencies {
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, toml::Value>,
}

impl Member {
    fn dependencies(&self) -> impl Iterator<Item = &str> {
        let targets =
            self.target.values().flat_map(|target| target.dependencies.keys().chain(target.dev_dependencies.keys()));
        let own = self.dependencies.keys().chain(self.dev_dependencies.keys()).chain(self.build_dependencies.keys());
        own.chain(targets).map(String::as_str)
    }
}

/// The folder of a dependency that belongs to the repository.
fn path_of(manifest: &DocumentMut, name: &str) -> Option<String> {
    Some(manifest["workspace"]["dependencies"].get(name)?.get("path")?.as_str()?.to_owned())
}

/// The root manifest with these members, and no dependency but those they use.
fn cut(mut manifest: DocumentMut, members: &BTreeSet<String>, used: &BTreeSet<String>) -> anyhow::Result<String> {
    let workspace = manifest["workspace"].as_table_mut().context("no [workspace]")?;
    workspace["members"] = Item::Value(members.iter().map(String::as_str).collect::<Array>().into());
    let dependencies = workspace["dependencies"].as_table_mut().context("no [workspace.dependencies]")?;
    dependencies.retain(|name, _| used.contains(name));
    Ok(manifest.to_string())
}

/// The lock file with nothing but what `roots` reach.
fn lock(text: &str, roots: &BTreeSet<String>) -> anyhow::Result<String> {
    let mut lock: DocumentMut = text.parse().context("Cargo.lock")?;
    let locked: Lock = toml::from_str(text).context("Cargo.lock")?;
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Locked> =
        locked.package.iter().filter(|package| package.source.is_none() && roots.contains(&package.name)).collect();
    while let Some(package) = open.pop() {
        if reached.insert((package.name.clone(), package.version.clone())) {
            let wanted = package.dependencies.iter().filter_map(|entry| locked.find(entry));
            open.extend(wanted);
        }
    }
    let packages = lock["package"].as_array_of_tables_mut().context("Cargo.lock has no packages")?;
    packages.retain(|package| {
        let text = |key: &str| package.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
        reached.contains(&(text("name"), text("version")))
    });
    Ok(shorten(lock.to_string()))
}

/// Cargo names a dependency without its version where the lock file has only one, and wants that to be exact.
fn shorten(lock: String) -> String {
    let mut versions = BTreeMap::<&str, usize>::new();
    for name in lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')) {
        *versions.entry(name).or_default() += 1;
    }
    let line = |line: &str| {
        let entry = line.strip_prefix(" \"").and_then(|rest| rest.strip_suffix("\","));
        match entry.and_then(|entry| entry.split_once(' ')) {
            Some((name, _)) if versions.get(name) == Some(&1) => format!(" \"{name}\",\n"),
            _ => format!("{line}\n"),
        }
    };
    lock.lines().map(line).collect()
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// What an entry `name` or `name version` stands for.
    fn find(&self, entry: &str) -> Option<&Locked> {
        let mut words = entry.split_whitespace();
        let (name, version) = (words.next()?, words.next());
        let matches =
            |package: &&Locked| package.name == name && version.is_none_or(|version| package.version == version);
        self.package.iter().find(matches)
    }
}
