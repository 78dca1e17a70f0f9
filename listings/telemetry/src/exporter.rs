//! OTLP exporters for the three signals, and the runtime they live on.

use http::Uri;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithTonicConfig};

use crate::builder::InitError;

// ANCHOR: runtime
/// A gRPC exporter lives on the Tokio runtime on which it is built. On the program's own runtime that is a trap: with
/// one thread, a shutdown waits for an export which waits for that same thread. So the exporters get a runtime with one
/// worker of its own, and it does not matter how the program runs, or whether it has a runtime at all.
#[derive(Debug)]
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("otlp").enable_all().build().map(|runtime| Self(Some(runtime)))
    }

    /// While the guard lives, what this thread builds takes root on this runtime.
    pub(crate) fn enter(&self) -> Option<tokio::runtime::EnterGuard<'_>> {
        self.0.as_ref().map(tokio::runtime::Runtime::enter)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background(); // does not block, so it is allowed on a thread of another runtime
        }
    }
}
// ANCHOR_END: runtime

// ANCHOR: exporters
/// One exporter for each signal, built in the same way. Without an `endpoint` the exporter finds it in
/// `OTEL_EXPORTER_OTLP_ENDPOINT` or in the signal's own variable; `_HEADERS`, `_TIMEOUT` and `_COMPRESSION` it reads in
/// any case.
macro_rules! exporter {
    ($exporter:ident, $signal:ident, $variable:literal) => {
        pub(crate) fn $signal(protocol: Protocol, endpoint: Option<&str>) -> Result<$exporter, InitError> {
            let is_encrypted = check(stringify!($signal), $variable, protocol, endpoint)?;
            let built = if protocol == Protocol::Grpc {
                let mut builder = $exporter::builder().with_tonic();
                if is_encrypted {
                    builder = builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
                }
                builder.with_endpoint(endpoint.unwrap_or_default()).build() // empty means: as the environment says
            } else {
                let path = concat!("/v1/", stringify!($signal));
                let endpoint = endpoint.map(|endpoint| format!("{}{path}", endpoint.trim_end_matches('/')));
                let builder = $exporter::builder().with_http().with_protocol(protocol);
                builder.with_endpoint(endpoint.unwrap_or_default()).build()
            };
            built.map_err(|source| InitError::Exporter { signal: stringify!($signal), source })
        }
    };
}

exporter!(SpanExporter, traces, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
exporter!(MetricExporter, metrics, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
exporter!(LogExporter, logs, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT");
// ANCHOR_END: exporters

/// Finds the endpoint where the exporter will find it, and refuses what the exporter accepts and can never reach.
///
/// Says whether the connection is encrypted: then gRPC needs the certificates of the system, which the SDK does not load
/// by itself. They are not loaded for nothing, because an image without any would then fail on plain connections too.
fn check(signal: &'static str, variable: &str, protocol: Protocol, given: Option<&str>) -> Result<bool, InitError> {
    let Some(endpoint) = found(variable, given) else { return Ok(false) }; // the default, on this machine
    let refused = |reason| Err(InitError::Endpoint { signal, endpoint: endpoint.clone(), reason });
    let Ok(uri) = endpoint.parse::<Uri>() else { return refused("it is not a URL") };
    let Some(host) = uri.authority() else { return refused("it names no host") };
    if !host.as_str().ends_with(host.host()) && host.port_u16().is_none() {
        return refused("its port is not a number");
    }
    match uri.scheme_str() {
        Some("http") => Ok(false),
        Some("https") => Ok(true),
        None if protocol == Protocol::Grpc => Ok(true), // unless OTEL_EXPORTER_OTLP_INSECURE says otherwise
        _ => refused("it must begin with http:// or https://"),
    }
}

fn found(variable: &str, given: Option<&str>) -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    given.map(str::to_owned).or_else(|| set(variable)).or_else(|| set("OTEL_EXPORTER_OTLP_ENDPOINT"))
}

/// What looks like a mistake and need not be one: the port that by custom is the other protocol's.
pub(crate) fn doubt(signal: &str, protocol: Protocol, given: Option<&str>) -> Option<String> {
    let endpoint = found(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"), given)?;
    let advice = match (protocol, endpoint.parse::<Uri>().ok()?.port_u16()?) {
        (Protocol::Grpc, 4318) => "4318 is the port of HTTP, and the protocol is grpc: take 4317, or http/protobuf",
        (Protocol::Grpc, _) => return None,
        (_, 4317) => {
            "4317 is the port of gRPC, and the protocol is HTTP: take 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
        }
        _ => return None,
    };
    Some(format!("the endpoint {endpoint}: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_other_protocol_is_a_doubt() {
        use Protocol::{Grpc, HttpBinary, HttpJson};
        for (protocol, port, is_doubtful) in [
            (Grpc, 4317, false),
            (Grpc, 4318, true),
            (HttpBinary, 4317, true),
            (HttpJson, 4317, true),
            (HttpBinary, 4318, false),
            (HttpBinary, 443, false),
        ] {
            let doubt = doubt("UNSET", protocol, Some(&format!("http://collector:{port}")));
            assert_eq!(doubt.is_some(), is_doubtful, "{doubt:?}");
        }
        assert_eq!(doubt("UNSET", HttpBinary, None), None);
    }

    #[test]
    fn endpoints_that_can_never_be_reached_are_refused() {
        let check = |protocol, endpoint| check("traces", "UNSET", protocol, Some(endpoint));
        for (endpoint, encrypted) in
            [("http://collector:4317", false), ("https://[::1]:4317/path", true), ("https://collector", true)]
        {
            for protocol in [Protocol::Grpc, Protocol::HttpBinary] {
                assert_eq!(check(protocol, endpoint).unwrap(), encrypted, "{endpoint}");
            }
        }
        assert!(check(Protocol::Grpc, "collector:4317").unwrap(), "gRPC without a scheme is encrypted");
        for (endpoint, reason) in [
            ("not a url", "it is not a URL"),
            ("/v1/traces", "it names no host"),
            ("http://collector:port", "its port is not a number"),
            ("http://collector:99999", "its port is not a number"),
            ("localhost:4318", "it must begin with http:// or https://"),
            ("ftp://collector", "it must begin with http:// or https://"),
        ] {
            let error = check(Protocol::HttpJson, endpoint).unwrap_err().to_string();
            assert!(error.contains(endpoint) && error.contains(reason), "{error}");
        }
    }
}
