//! The names a listing adds to the semantic conventions, with unit and meaning in both languages.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// A listing's `telemetry/registry.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Custom metrics by name.
    #[serde(default)]
    pub metric: BTreeMap<String, Metric>,
    /// Custom attributes by key.
    #[serde(default)]
    pub attribute: BTreeMap<String, Attribute>,
    /// Custom event names of log records.
    #[serde(default)]
    pub event: BTreeMap<String, Event>,
}

/// A custom metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// UCUM unit: `s`, `{call}`, `1`, `%`.
    pub unit: String,
    /// `counter`, `up_down_counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it counts.
    pub meaning: Meaning,
}

/// A custom attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// What it says.
    pub meaning: Meaning,
    /// The closed set of values; empty where the set is open.
    #[serde(default)]
    pub values: Vec<String>,
}

/// A custom event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it happens.
    pub meaning: Meaning,
}

/// The same sentence in both editions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

impl Registry {
    /// Reads the file.
    ///
    /// # Panics
    ///
    /// When it is missing or not understood, with file, line and reason: a test cannot go on without it.
    pub fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}
