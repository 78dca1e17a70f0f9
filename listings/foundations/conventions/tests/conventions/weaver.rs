//! The registry for Weaver is the one that the listing's names give, and has what Weaver requires.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use testkit::{example, names_of_the_conventions};

#[test]
fn the_registry_for_weaver_is_fresh() {
    let folder = tempfile::tempdir().unwrap();
    let status =
        example("conventions-weaver").arg("../../patterns/circuit-breaker").arg(folder.path()).status().unwrap();
    assert!(status.success());
    for file in ["manifest.yaml", "registry.yaml"] {
        let [committed, fresh] =
            [fs::read_to_string(format!("weaver/{file}")), fs::read_to_string(folder.path().join(file))];
        let how = "cargo run --example conventions-weaver -- ../../patterns/circuit-breaker weaver";
        assert!(committed.unwrap_or_default() == fresh.unwrap(), "weaver/{file} is stale; in this folder: {how}");
    }
}

/// What `schemas/semconv.schema.v2.json` of Weaver requires, as far as we use it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    file_format: String,
    attributes: Vec<Attribute>,
    metrics: Vec<Metric>,
    events: Vec<Event>,
    imports: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    r#type: Type,
    brief: String,
    stability: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Type {
    Open(String),
    Closed { members: Vec<Member> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    id: String,
    value: String,
    stability: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    name: String,
    instrument: String,
    unit: String,
    brief: String,
    stability: String,
    requirement_level: String,
    #[serde(default)]
    attributes: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    name: String,
    brief: String,
    stability: String,
    requirement_level: String,
    #[serde(default)]
    attributes: Vec<BTreeMap<String, String>>,
}

#[test]
fn the_registry_has_what_weaver_requires() {
    let registry: Registry = serde_saphyr::from_str(&fs::read_to_string("weaver/registry.yaml").unwrap()).unwrap();
    assert_eq!(registry.file_format, "definition/2");
    assert!(registry.imports.keys().eq(["attribute_groups", "metrics"]));
    let mut known: BTreeSet<&str> = names_of_the_conventions().map(|name| name.name).collect();
    for Attribute { key, r#type, brief, stability } in &registry.attributes {
        assert!(known.insert(key), "{key} is there twice");
        assert!(!brief.is_empty() && stability == "development");
        match r#type {
            Type::Open(open) => assert!(["string", "int", "double", "boolean"].contains(&open.as_str()), "{key}"),
            Type::Closed { members } => {
                assert!(members.iter().all(|member| member.id == member.value && member.stability == "development"));
            }
        }
    }
    let mut names = BTreeSet::new();
    for Metric { name, instrument, unit, brief, stability, requirement_level, attributes } in &registry.metrics {
        assert!(names.insert(name), "{name} is there twice");
        assert!(["counter", "updowncounter", "gauge", "histogram"].contains(&instrument.as_str()), "{name}");
        assert!(!unit.is_empty() && !brief.is_empty() && stability == "development", "{name}");
        assert_eq!(requirement_level, "recommended", "{name}");
        assert!(attributes.iter().all(|attribute| known.contains(attribute["ref"].as_str())), "{name}");
    }
    for Event { name, brief, stability, requirement_level, attributes } in &registry.events {
        assert!(names.insert(name), "{name} is there twice");
        assert!(!brief.is_empty() && stability == "development", "{name}");
        assert_eq!(requirement_level, "recommended", "{name}");
        assert!(attributes.iter().all(|attribute| known.contains(attribute["ref"].as_str())), "{name}");
    }
}
