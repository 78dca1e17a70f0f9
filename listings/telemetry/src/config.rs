//! What the environment says, in the variables that the specification defines and the SDK itself does not read.
//!
//! The exporters read `OTEL_EXPORTER_OTLP_*` and the SDK reads `OTEL_BSP_*`, `OTEL_TRACES_SAMPLER` and their like. Three
//! families are left to the application in opentelemetry-rust 0.33: `OTEL_SDK_DISABLED`, `OTEL_PROPAGATORS` and
//! `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`. They are read here, and so is `OTEL_EXPORTER_OTLP_PROTOCOL`, whose default in
//! the SDK depends on its Cargo features.

use opentelemetry_otlp::Protocol;

/// Where one signal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// Over OTLP, to the endpoint that `OTEL_EXPORTER_OTLP_*` names.
    Otlp(Protocol),
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
    /// From `OTEL_TRACES_EXPORTER`.
    pub traces: Exporter,
    /// From `OTEL_METRICS_EXPORTER`.
    pub metrics: Exporter,
    /// From `OTEL_LOGS_EXPORTER`.
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

    // ANCHOR: config
    /// Reads from any source; an empty value counts as unset, as the specification says.
    ///
    /// ```
    /// use telemetry::{Config, Exporter, Protocol};
    ///
    /// let config = Config::from_lookup(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".into()));
    /// assert_eq!(config.traces, Exporter::None);
    /// assert_eq!(config.metrics, Exporter::Otlp(Protocol::HttpBinary));
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut reader = Reader { lookup, warnings: Vec::new() };
        let disabled = reader.flag("OTEL_SDK_DISABLED");
        let mut exporter = |signal| if disabled { Exporter::None } else { reader.exporter(signal) };
        Self {
            traces: exporter("TRACES"),
            metrics: exporter("METRICS"),
            logs: exporter("LOGS"),
            propagators: reader.propagators(), // they work even when the SDK is disabled
            warnings: reader.warnings,
        }
    }
    // ANCHOR_END: config
}

/// Reads variables and collects what it could not understand.
struct Reader<L> {
    lookup: L,
    warnings: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    /// The entries of a list, in lower case; none when the variable is unset or empty.
    fn list(&self, name: &str) -> Vec<String> {
        let value = (self.lookup)(name).unwrap_or_default();
        value.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).collect()
    }

    fn warn(&mut self, name: &str, value: &str, expected: &str) {
        let warning = format!("{name}: ignoring `{value}`, expected {expected}");
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Only `true` is true. Anything but `true` and `false` is worth a warning.
    fn flag(&mut self, name: &str) -> bool {
        match self.list(name).join(",").as_str() {
            "true" => true,
            "" | "false" => false,
            other => {
                self.warn(name, other, "true or false");
                false
            }
        }
    }

    /// Of several exporters, `otlp` is the one that is built in.
    fn exporter(&mut self, signal: &str) -> Exporter {
        let name = format!("OTEL_{signal}_EXPORTER");
        let mut asked = Vec::new();
        for entry in self.list(&name) {
            match entry.as_str() {
                "otlp" | "none" => asked.push(entry),
                "console" => self.warn(&name, "console", "otlp or none; for log lines on standard error set RUST_LOG"),
                other => self.warn(&name, other, "otlp or none"),
            }
        }
        match asked.iter().all(|entry| entry == "none") && !asked.is_empty() {
            true => Exporter::None,
            false => Exporter::Otlp(self.protocol(signal)),
        }
    }

    fn protocol(&mut self, signal: &str) -> Protocol {
        for name in [format!("OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"), "OTEL_EXPORTER_OTLP_PROTOCOL".into()] {
            match self.list(&name).join(",").as_str() {
                "" => {}
                "grpc" => return Protocol::Grpc,
                "http/protobuf" => return Protocol::HttpBinary,
                "http/json" => return Protocol::HttpJson,
                other => self.warn(&name, other, "grpc, http/protobuf or http/json"),
            }
        }
        Protocol::HttpBinary
    }

    fn propagators(&mut self) -> Vec<Format> {
        let name = "OTEL_PROPAGATORS";
        let (mut formats, mut understood) = (Vec::new(), false);
        for entry in self.list(name) {
            let format = match entry.as_str() {
                "tracecontext" => Some(Format::TraceContext),
                "baggage" => Some(Format::Baggage),
                "none" => None,
                other => {
                    self.warn(name, other, "tracecontext, baggage or none");
                    continue;
                }
            };
            understood = true;
            formats.extend(format.filter(|format| !formats.contains(format)));
        }
        if understood { formats } else { vec![Format::TraceContext, Format::Baggage] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Exporter = Exporter::Otlp(Protocol::HttpBinary);

    fn config(pairs: &[(&str, &str)]) -> Config {
        Config::from_lookup(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_exports_everything_and_propagates_both_formats() {
        let config = config(&[]);
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!([config.traces, config.metrics, config.logs], [DEFAULT; 3]);
        assert_eq!(config.propagators, [Format::TraceContext, Format::Baggage]);
    }

    #[test]
    fn a_disabled_sdk_exports_nothing_and_still_propagates() {
        let config = config(&[("OTEL_SDK_DISABLED", "TRUE")]);
        assert_eq!([config.traces, config.metrics, config.logs], [Exporter::None; 3]);
        assert_eq!(config.propagators.len(), 2);
    }

    #[test]
    fn each_signal_has_an_exporter_and_a_protocol_of_its_own() {
        let config = config(&[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_PROPAGATORS", "baggage,baggage"),
        ]);
        let expected = [Exporter::Otlp(Protocol::Grpc), Exporter::Otlp(Protocol::HttpJson), Exporter::None];
        assert_eq!([config.traces, config.metrics, config.logs], expected);
        assert_eq!(config.propagators, [Format::Baggage]);
    }

    #[test]
    fn a_list_is_read_entry_by_entry() {
        let config = config(&[("OTEL_TRACES_EXPORTER", "console, otlp"), ("OTEL_PROPAGATORS", "b3,tracecontext")]);
        assert_eq!(config.traces, DEFAULT);
        assert_eq!(config.propagators, [Format::TraceContext]);
        let expected = [
            "OTEL_TRACES_EXPORTER: ignoring `console`, expected otlp or none; for log lines on standard error set RUST_LOG",
            "OTEL_PROPAGATORS: ignoring `b3`, expected tracecontext, baggage or none",
        ];
        assert_eq!(config.warnings, expected);
    }

    #[test]
    fn an_unknown_value_is_a_warning_and_the_default() {
        let config = config(&[
            ("OTEL_SDK_DISABLED", "1"),
            ("OTEL_TRACES_EXPORTER", "jaeger"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift"),
            ("OTEL_PROPAGATORS", "b3"),
        ]);
        assert_eq!([config.traces, config.metrics, config.logs], [DEFAULT; 3]);
        assert_eq!(config.propagators.len(), 2);
        assert_eq!(config.warnings.len(), 4, "{:?}", config.warnings);
    }

    #[test]
    fn no_propagator_is_a_choice_and_an_empty_value_is_none() {
        assert_eq!(config(&[("OTEL_PROPAGATORS", "none")]).propagators, []);
        assert_eq!(config(&[("OTEL_PROPAGATORS", " "), ("OTEL_SDK_DISABLED", "")]), config(&[]));
    }
}
