//! Features that are gone: `features.toml`.

use serde::Deserialize;

/// A feature that Cargo refuses now.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// The crate that had it.
    pub package: String,
    /// Its name.
    pub feature: String,
    /// The first version of the crate without it.
    pub since: String,
    /// What to enable; empty when what it did is always on, or gone with it.
    pub instead: Vec<String>,
}

/// By crate, oldest first.
///
/// # Errors
///
/// When the file is not what it should be.
pub fn gone() -> Result<Vec<Gone>, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        gone: Vec<Gone>,
    }
    toml::from_str::<File>(include_str!("../features.toml")).map(|file| file.gone)
}
