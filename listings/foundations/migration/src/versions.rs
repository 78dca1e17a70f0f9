//! Which versions fit together: `versions.toml`.

use serde::Deserialize;

/// A minor version of `opentelemetry`, and what goes with it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Minor {
    /// Of all crates of the OpenTelemetry repository.
    pub opentelemetry: String,
    /// The day of its first release.
    pub released: String,
    /// The bridge.
    pub tracing_opentelemetry: String,
    /// What the gRPC exporter requires.
    pub tonic: String,
    /// What both exporters require.
    pub prost: String,
    /// What the HTTP exporter requires.
    pub reqwest: String,
    /// The minor versions of the middleware.
    pub axum_tracing_opentelemetry: Vec<String>,
}

/// Oldest first.
///
/// # Errors
///
/// When the file is not what it should be.
pub fn minors() -> Result<Vec<Minor>, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        minor: Vec<Minor>,
    }
    toml::from_str::<File>(include_str!("../versions.toml")).map(|file| file.minor)
}
