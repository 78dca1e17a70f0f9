//! Writes a listing's names in the format of OpenTelemetry Weaver: `conventions-weaver <listing> <folder>`.
//!
//! The names come from `telemetry/registry.toml`, and which attributes a metric or an event has from the captures beside
//! it: from what was received.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use opentelemetry_semantic_conventions::SCHEMA_URL;
use testkit::{Capture, Registry};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listing, folder] = arguments.as_slice() else { anyhow::bail!("usage: conventions-weaver <listing> <folder>") };
    let telemetry = Path::new(listing).join("telemetry");
    fs::create_dir_all(folder)?;
    fs::write(Path::new(folder).join("manifest.yaml"), manifest())?;
    let text = registry(&Registry::read(telemetry.join("registry.toml")), &attributes(&telemetry)?);
    fs::write(Path::new(folder).join("registry.yaml"), text)?;
    Ok(())
}

// ANCHOR: manifest
/// Which registry this is, and which it stands on: the version of the conventions that the pinned crate has.
fn manifest() -> String {
    let version = SCHEMA_URL.rsplit('/').next().unwrap_or_default();
    format!(
        "schema_url: https://example.com/schemas/rust-otlp/{}
description: The names that Rust OTLP adds to the semantic conventions.
stability: development
dependencies:
  - schema_url: {SCHEMA_URL}
    registry_path: https://github.com/open-telemetry/semantic-conventions/archive/refs/tags/v{version}.zip[model]
",
        env!("CARGO_PKG_VERSION"),
    )
}
// ANCHOR_END: manifest

// ANCHOR: registry
/// A string of JSON is one of YAML, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn registry(names: &Registry, attributes: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut yaml = String::from("file_format: definition/2\nattributes:\n");
    for (key, attribute) in &names.attribute {
        let open = attribute.r#type.map_or_else(|| "string".to_owned(), |of| of.to_string());
        let member = |value: &String| {
            let value = quoted(value); // a bare `on` or `no` is a boolean in YAML
            format!("\n        - {{ id: {value}, value: {value}, stability: development }}")
        };
        let closed = || format!("\n      members:{}", attribute.values.iter().map(member).collect::<String>());
        let of = if attribute.values.is_empty() { format!(" {open}") } else { closed() };
        yaml += &format!("  - key: {key}\n    type:{of}\n{}", common(&attribute.meaning.en));
    }
    yaml += "metrics:\n";
    for (name, metric) in &names.metric {
        let instrument = metric.kind.as_str().replace('_', "");
        yaml += &format!("  - name: {name}\n    instrument: {instrument}\n    unit: {}\n", quoted(&metric.unit));
        yaml += &(common(&metric.meaning.en) + &signal(attributes.get(name)));
    }
    yaml += "events:\n";
    for (name, event) in &names.event {
        yaml += &format!("  - name: {name}\n{}{}", common(&event.meaning.en), signal(attributes.get(name)));
    }
    yaml + "imports: # what else a service of ours says\n  attribute_groups: [\"registry.*\"]\n  metrics: [\"http.*\"]\n"
}
// ANCHOR_END: registry

fn common(meaning: &str) -> String {
    format!("    brief: {}\n    stability: development\n", quoted(meaning))
}

fn signal(keys: Option<&BTreeSet<String>>) -> String {
    let keys = keys.into_iter().flatten().map(|key| format!("      - ref: {key}\n"));
    let list: String = keys.collect();
    let attributes = if list.is_empty() { "" } else { "    attributes:\n" };
    format!("    requirement_level: recommended\n{attributes}{list}")
}

/// The attributes that were received with each metric and event.
fn attributes(telemetry: &Path) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut received = BTreeMap::<_, BTreeSet<_>>::new();
    for entry in fs::read_dir(telemetry)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let capture: Capture =
            serde_json::from_str(&fs::read_to_string(&path)?).with_context(|| path.display().to_string())?;
        for metric in capture.metrics {
            let keys = metric.points.into_iter().flat_map(|point| point.attributes.into_keys());
            received.entry(metric.name).or_default().extend(keys);
        }
        for log in capture.logs {
            let Some(event) = log.event_name else { continue };
            received.entry(event).or_default().extend(log.attributes.into_keys());
        }
    }
    Ok(received)
}
