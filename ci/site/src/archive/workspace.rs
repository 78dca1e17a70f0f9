//! The repository's workspace, cut down to one listing and what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use toml_edit::{Array, DocumentMut, Item};

/// Which crates an archive holds, and its root files.
pub(super) struct Workspace {
    /// The listing and the crates of this repository that it needs, from the root.
    pub members: BTreeSet<String>,
    pub manifest: String,
    pub readme: String,
}

impl Workspace {
    /// The workspace around `member`, a folder from `root`.
    pub fn of(root: &Path, member: &str) -> anyhow::Result<Self> {
        let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
        let manifest: DocumentMut = read("Cargo.toml")?.parse().context("Cargo.toml")?;
        let (mut members, mut used) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![member.to_owned()];
        while let Some(member) = open.pop() {
            let path = format!("{member}/Cargo.toml");
            let own: Member = toml::from_str(&read(&path)?).context(path)?;
            for name in own.dependencies() {
                open.extend(path_of(&manifest, name).filter(|path| !members.contains(path)));
                used.insert(name.to_owned());
            }
            members.insert(member);
        }
        let manifest = cut(manifest, &members, &used).context("Cargo.toml")?;
        let package: Member = toml::from_str(&read(&format!("{member}/Cargo.toml"))?)?;
        let readme = format!(
            "# {name}\n\n{description}, from the book Rust OTLP. The listing is in `{member}`; beside it is what it needs.\n\n\
             Run its tests with `cargo test --package {name}`.\n",
            name = package.package.name,
            description = package.package.description,
        );
        Ok(Self { members, manifest, readme })
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
