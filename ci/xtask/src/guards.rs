//! What must not be in the dependency tree, because it fails without a word.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::process::{cargo, output};

/// Both guards, on the workspace as it is locked.
pub fn run() -> anyhow::Result<()> {
    let metadata = output(cargo().args(["metadata", "--format-version=1", "--locked"]))?;
    let metadata = serde_json::from_str(&metadata).context("cargo metadata prints JSON")?;
    one_opentelemetry(&metadata)?;
    no_async_reqwest(&metadata)
}

/// Two versions of a crate of OpenTelemetry compile, and do not see each other: no span arrives.
fn one_opentelemetry(metadata: &Value) -> anyhow::Result<()> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let (name, version) = (package["name"].as_str().unwrap_or(""), package["version"].as_str().unwrap_or(""));
        if name.starts_with("opentelemetry") || name == "tracing-opentelemetry" {
            versions.entry(name).or_default().insert(version);
        }
    }
    for (name, versions) in versions {
        ensure!(
            versions.len() == 1,
            "Cargo.lock has {} versions of {name} ({}): spans of one never reach the other; `cargo tree -i {name}@…` \
             tells who wants which",
            versions.len(),
            versions.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// With its asynchronous client the exporter's thread panics, and one crate that switches the feature on does so for all.
fn no_async_reqwest(metadata: &Value) -> anyhow::Result<()> {
    for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
        let id = node["id"].as_str().unwrap_or("");
        let is_exporter = id.contains("#opentelemetry-otlp@");
        let has = node["features"].as_array().into_iter().flatten().any(|feature| feature == "reqwest-client");
        ensure!(
            !(is_exporter && has),
            "the feature `reqwest-client` of opentelemetry-otlp is on: batches would be exported on a thread without a \
             reactor, which panics; `cargo tree -e features -i opentelemetry-otlp` tells who switched it on"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_opentelemetry_is_an_error_that_names_both() {
        let package = |name: &str, version: &str| json!({ "name": name, "version": version });
        let one =
            json!({ "packages": [package("opentelemetry", "0.33.1"), package("tracing-opentelemetry", "0.34.0")] });
        assert!(one_opentelemetry(&one).is_ok());
        for name in ["opentelemetry", "opentelemetry-proto", "tracing-opentelemetry"] {
            let two = json!({ "packages": [package(name, "0.33.1"), package(name, "0.32.0")] });
            let error = one_opentelemetry(&two).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Cargo.lock has 2 versions of {name} (0.32.0, 0.33.1)")), "{error}");
        }
    }

    #[test]
    fn the_asynchronous_client_in_the_exporter_is_an_error_and_elsewhere_is_not() {
        let tree = |id: &str| json!({ "resolve": { "nodes": [{ "id": id, "features": ["reqwest-client"] }] } });
        assert!(no_async_reqwest(&tree("registry+index#other@1.0.0")).is_ok());
        let error = no_async_reqwest(&tree("registry+index#opentelemetry-otlp@0.33.1")).unwrap_err().to_string();
        assert!(error.contains("reqwest-client"), "{error}");
    }
}
