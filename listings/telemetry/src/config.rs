//! What the environment says, in the variables that the specification defines and the SDK itself does not read.
//!
//! The exporters read `OTEL_EXPORTER_OTLP_*` and the SDK reads `OTEL_BSP_*`, `OTEL_TRACES_SAMPLER` and their like. Three
//! families are left to the application in opentelemetry-rust 0.33: `OTEL_SDK_DISABLED`, `OTEL_PROPAGATORS` and
//! `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`. They are read here.

/// Where one signal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exporter {
    /// Over OTLP, to the endpoint that `OTEL_EXPORTER_OTLP_*` names.
    #[default]
    Otlp,
    /// Nowhere.
    None,
}

/// A propagation format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    TraceContext,
    Baggage,
}

/// What the environment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `OTEL_SDK_DISABLED`: no signal leaves the process. Propagation still works.
    pub disabled: bool,
    /// `OTEL_TRACES_EXPORTER`.
    pub traces: Exporter,
    /// `OTEL_METRICS_EXPORTER`.
    pub metrics: Exporter,
    /// `OTEL_LOGS_EXPORTER`.
    pub logs: Exporter,
    pub(crate) propagators: Vec<Format>,
    /// What was not understood. The specification asks for a warning and the default, never for a crash.
    pub warnings: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self::from_lookup(|_| None)
    }
}

impl Config {
    /// Reads the process environment.
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source; an empty value counts as unset, as the specification says.
    ///
    /// ```
    /// use telemetry::{Config, Exporter};
    ///
    /// let config = Config::from_lookup(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".into()));
    /// assert_eq!(config.traces, Exporter::None);
    /// assert_eq!(config.metrics, Exporter::Otlp);
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut warnings = Vec::new();
        Self {
            disabled: flag("OTEL_SDK_DISABLED", get("OTEL_SDK_DISABLED"), &mut warnings),
            traces: exporter("OTEL_TRACES_EXPORTER", get("OTEL_TRACES_EXPORTER"), &mut warnings),
            metrics: exporter("OTEL_METRICS_EXPORTER", get("OTEL_METRICS_EXPORTER"), &mut warnings),
            logs: exporter("OTEL_LOGS_EXPORTER", get("OTEL_LOGS_EXPORTER"), &mut warnings),
            propagators: propagators(get("OTEL_PROPAGATORS"), &mut warnings),
            warnings,
        }
    }
}

/// Only `true`, in any case, is true. Anything but `true` and `false` is worth a warning.
fn flag(name: &str, value: Option<String>, warnings: &mut Vec<String>) -> bool {
    match value.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("true") => true,
        None | Some("false") => false,
        Some(other) => {
            warnings.push(format!("{name}={other} is not understood: expected true or false, using false"));
            false
        }
    }
}

fn exporter(name: &str, value: Option<String>, warnings: &mut Vec<String>) -> Exporter {
    match value.as_deref() {
        None | Some("otlp") => Exporter::Otlp,
        Some("none") => Exporter::None,
        Some(other) => {
            warnings.push(format!("{name}={other} is not understood: expected otlp or none, using otlp"));
            Exporter::Otlp
        }
    }
}

fn propagators(value: Option<String>, warnings: &mut Vec<String>) -> Vec<Format> {
    let mut formats = Vec::new();
    for name in value.as_deref().unwrap_or("tracecontext,baggage").split(',').map(str::trim) {
        match name {
            "tracecontext" => formats.push(Format::TraceContext),
            "baggage" => formats.push(Format::Baggage),
            "none" => {}
            other => warnings.push(format!(
                "OTEL_PROPAGATORS: {other} is not supported here: expected tracecontext, baggage or none; skipped"
            )),
        }
    }
    formats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        Config::from_lookup(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_exports_everything_and_propagates_both_formats() {
        let config = config(&[]);
        assert!(!config.disabled && config.warnings.is_empty());
        assert_eq!([config.traces, config.metrics, config.logs], [Exporter::Otlp; 3]);
        assert_eq!(config.propagators, [Format::TraceContext, Format::Baggage]);
    }

    #[test]
    fn the_variables_that_the_sdk_ignores_are_honoured() {
        let config =
            config(&[("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_LOGS_EXPORTER", "none"), ("OTEL_PROPAGATORS", "baggage")]);
        assert!(config.disabled);
        assert_eq!(config.logs, Exporter::None);
        assert_eq!(config.propagators, [Format::Baggage]);
    }

    #[test]
    fn an_unknown_value_is_a_warning_and_the_default() {
        let config = config(&[
            ("OTEL_SDK_DISABLED", "1"),
            ("OTEL_TRACES_EXPORTER", "jaeger"),
            ("OTEL_PROPAGATORS", "b3,tracecontext"),
        ]);
        assert!(!config.disabled);
        assert_eq!(config.traces, Exporter::Otlp);
        assert_eq!(config.propagators, [Format::TraceContext]);
        assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        assert_eq!(config(&[("OTEL_PROPAGATORS", " ")]), config(&[]));
    }
}
