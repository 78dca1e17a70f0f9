//! The names a listing adds to the semantic conventions, with unit and meaning in both languages.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

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
    pub kind: Kind,
    /// What it counts.
    pub meaning: Meaning,
}

/// A kind of instrument, as it arrives over OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    UpDownCounter,
    /// Is what it is.
    Gauge,
    /// A distribution.
    Histogram,
}

impl Kind {
    /// As a capture spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "up_down_counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A custom attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// What it says.
    pub meaning: Meaning,
    /// The type of its values; not checked where it is left out.
    #[serde(default)]
    pub r#type: Option<Type>,
    /// The closed set of values; empty where the set is open.
    #[serde(default)]
    pub values: Vec<String>,
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// Any number.
    Double,
    /// True or false.
    Boolean,
}

impl Type {
    pub(crate) fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Double => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", format!("{self:?}").to_lowercase())
    }
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
