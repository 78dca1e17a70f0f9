//! `{{#dependencies}}`: the direct dependencies of a crate, with the versions that `Cargo.lock` holds.

use std::collections::BTreeMap;

use anyhow::Context as _;
use book::Lock;
use book::registry::Both;
use serde::Deserialize;

use super::{Context, Target};
use crate::figures::table::{Part, Row, Table, plain, prose};

/// What each crate is for, in both languages, once for the whole book.
const WHAT_FOR: &str = "src/dependencies.toml";

pub(super) fn show(context: &Context<'_>, slug: &str) -> anyhow::Result<String> {
    let manifest: Manifest = read(context, &format!("listings/{slug}/Cargo.toml"))?;
    let lock = Lock::read(context.book.root())?;
    let what_for: BTreeMap<String, Both> = read(context, WHAT_FOR)?;
    let name = &manifest.package.name;
    let own = lock.member(name).with_context(|| format!("Cargo.lock does not have `{name}`: run `cargo metadata`"))?;
    let row = |name: &String| -> anyhow::Result<Row> {
        let package = lock
            .dependency(own, name)
            .with_context(|| format!("Cargo.lock does not have `{name}` below `{}`", own.name))?;
        let what = what_for.get(name).with_context(|| format!("{WHAT_FOR} does not say what `{name}` is for"))?;
        let (title, version) = match package.source {
            Some(_) => {
                let url = format!("https://docs.rs/{name}/{}", package.version);
                (Part::Link(name.clone(), url), package.version.clone())
            }
            None => (Part::Code(name.clone()), context.words.this_workspace.to_owned()),
        };
        Ok(vec![vec![title], plain(version), prose(what.in_edition(context.page.edition))].into())
    };
    let mut rows = manifest.dependencies.keys().map(row).collect::<anyhow::Result<Vec<_>>>()?;
    if !manifest.dev_dependencies.is_empty() {
        rows.push(Row::Group(context.words.in_tests.to_owned()));
        let only_there = manifest.dev_dependencies.keys().filter(|name| !manifest.dependencies.contains_key(*name));
        rows.extend(only_there.map(row).collect::<anyhow::Result<Vec<_>>>()?);
    }
    super::not_empty(&rows, "dependencies")?;
    let words = context.words;
    let table = Table {
        class: "dependencies",
        head: [words.dependency, words.version, words.what_for].map(plain).to_vec(),
        rows,
    };
    Ok(if context.target == Target::Html { table.html() } else { table.markdown() })
}

fn read<T: serde::de::DeserializeOwned>(context: &Context<'_>, path: &str) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(context.book.root().join(path)).with_context(|| path.to_owned())?;
    toml::from_str(&text).with_context(|| path.to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    package: Named,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fixture, markdown, zh_html};

    #[test]
    fn versions_come_from_the_lock_file() {
        assert_eq!(
            markdown("{{#dependencies}}"),
            "| Crate | Version | What for |\n|---|---|---|\n| [http](https://docs.rs/http/1.5.0) | 1.5.0 | HTTP types |\n\
             | `telemetry` | this workspace | OTLP |\n| **in tests and benchmarks** |  |  |\n\
             | [recloser](https://docs.rs/recloser/1.4.0) | 1.4.0 | a peer |\n"
        );
        assert!(zh_html("{{#dependencies}}").contains("<td>HTTP 类型</td>"));
    }

    #[test]
    fn a_dependency_nobody_explained_is_an_error() {
        let fixture = Fixture::new();
        fixture.write("src/dependencies.toml", "[http]\nen = \"a\"\nzh = \"b\"\n");
        assert_eq!(fixture.problem("{{#dependencies}}"), "src/dependencies.toml does not say what `telemetry` is for");
        fixture.write("Cargo.lock", "[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n");
        assert_eq!(fixture.problem("{{#dependencies}}"), "Cargo.lock does not have `breaker`: run `cargo metadata`");
    }
}
