//! The names a listing adds to the semantic conventions: `listings/<crate>/telemetry/registry.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::Edition;

/// The custom names of a listing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Metrics by name.
    #[serde(default)]
    pub metric: BTreeMap<String, Metric>,
    /// Attributes by key.
    #[serde(default)]
    pub attribute: BTreeMap<String, Attribute>,
    /// Events of log records by name.
    #[serde(default)]
    pub event: BTreeMap<String, Event>,
}

/// A custom metric.
#[derive(Debug, Clone, Deserialize)]
pub struct Metric {
    /// What it counts.
    pub meaning: Both,
}

/// A custom attribute.
#[derive(Debug, Clone, Deserialize)]
pub struct Attribute {
    /// What it says.
    pub meaning: Both,
    /// The closed set of its values; empty where the set is open.
    #[serde(default)]
    pub values: Vec<String>,
}

/// A custom event.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// When it happens.
    pub meaning: Both,
}

/// The same sentence in both editions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    en: String,
    zh: String,
}

impl Both {
    /// The sentence in the language of `edition`.
    pub fn in_edition(&self, edition: Edition) -> &str {
        match edition {
            Edition::En => &self.en,
            Edition::Zh => &self.zh,
        }
    }
}

impl Registry {
    /// Reads the registry of the crate in the folder `listing`; one without custom names needs no file.
    ///
    /// # Errors
    ///
    /// When the file is not understood.
    pub fn load(listing: &Path) -> anyhow::Result<Self> {
        let path = listing.join("telemetry/registry.toml");
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn loads_both_languages() {
        let text = "[metric.\"breaker.calls\"]\nunit = \"{call}\"\nkind = \"counter\"\nmeaning = { en = \"Calls.\", zh = \"调用。\" }\n";
        let root = tree(&[("telemetry/registry.toml", text)]);
        let registry = Registry::load(root.path()).unwrap();
        assert_eq!(registry.metric["breaker.calls"].meaning.in_edition(Edition::Zh), "调用。");
        assert!(Registry::load(Path::new("/nowhere")).unwrap().metric.is_empty());
        let root = tree(&[("telemetry/registry.toml", "[attribute.a]\nmeaning = { en = \"x\" }\n")]);
        assert!(format!("{:#}", Registry::load(root.path()).unwrap_err()).contains("missing field `zh`"));
    }
}
