//! From configuration to running providers, joined to `tracing`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{ExporterBuildError, Protocol};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider, ShouldSample};
use opentelemetry_semantic_conventions::{SCHEMA_URL, attribute};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterFn, filter_fn};
use tracing_subscriber::prelude::*;

use crate::config::{Config, Exporter};
use crate::exporter::{self, Runtime};
use crate::guard::Telemetry;
use crate::propagation::Propagation;

/// Why telemetry could not be set up. Each is a mistake in configuration that a restart does not cure.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// No request can ever be sent to this endpoint.
    #[error("the endpoint {endpoint:?} for {signal} cannot be used: {reason}; check OTEL_EXPORTER_OTLP_ENDPOINT")]
    Endpoint {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The exporter refuses another setting: TLS, for example.
    #[error("the OTLP exporter for {signal} cannot be built; check OTEL_EXPORTER_OTLP_*: {source}")]
    Exporter {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// What the exporter said.
        source: ExporterBuildError,
    },
    /// The thread that exports could not be started.
    #[error("the export runtime cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
    /// Somebody installed a `tracing` subscriber before.
    #[error("a global tracing subscriber is already installed; set telemetry up once, first thing in main")]
    AlreadyInstalled,
}

/// Sets everything up from the environment and installs it for the whole process.
///
/// # Errors
///
/// [`InitError`] for a setting that cannot work. A collector that cannot be reached is not an error: the program runs,
/// and the SDK reports failed exports on standard error.
pub fn init(service_name: impl Into<Cow<'static, str>>) -> Result<Telemetry, InitError> {
    Builder::new(service_name).install()
}

// ANCHOR: scope
/// The scope of an instrument or tracer: the crate that makes it, its version and the conventions it follows.
///
/// ```
/// let scope = telemetry::scope("checkout", "1.2.0");
/// assert_eq!((scope.name(), scope.version()), ("checkout", Some("1.2.0")));
/// assert!(scope.schema_url().unwrap().starts_with("https://opentelemetry.io/schemas/"));
/// ```
pub fn scope(name: &'static str, version: &'static str) -> InstrumentationScope {
    InstrumentationScope::builder(name).with_version(version).with_schema_url(SCHEMA_URL).build()
}
// ANCHOR_END: scope

/// Collects what differs between a service and a test. [`Builder::build`] touches nothing global.
#[derive(Debug, Clone)]
pub struct Builder {
    service_name: Cow<'static, str>,
    version: Option<Cow<'static, str>>,
    config: Config,
    target: Option<(Protocol, String)>,
    shutdown_timeout: Duration,
    export_interval: Option<Duration>,
    sampler: Option<Box<dyn ShouldSample>>,
    level: LevelFilter,
    console: bool,
}

impl Builder {
    /// Starts from the process environment. `service_name` is the default for `OTEL_SERVICE_NAME`.
    pub fn new(service_name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            service_name: service_name.into(),
            version: None,
            config: Config::from_env(),
            target: None,
            shutdown_timeout: Duration::from_secs(5),
            export_interval: None,
            sampler: None,
            level: LevelFilter::INFO,
            console: true,
        }
    }

    /// `service.version`: pass `env!("CARGO_PKG_VERSION")`.
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Replaces what the environment said about exporters and propagators.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sends to this endpoint (`http://127.0.0.1:4317`) whatever the environment says.
    pub fn endpoint(mut self, protocol: Protocol, endpoint: impl Into<String>) -> Self {
        self.target = Some((protocol, endpoint.into()));
        self
    }

    /// How long a shutdown may take, all signals together. Default: 5 s, well below the 30 s that Kubernetes grants.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How often metrics are exported. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 60 s.
    pub fn export_interval(mut self, interval: Duration) -> Self {
        self.export_interval = Some(interval);
        self
    }

    /// Which spans are recorded. Default: `OTEL_TRACES_SAMPLER`, else all whose parent is. What is set here wins.
    pub fn sampler(mut self, sampler: impl Into<Box<dyn ShouldSample>>) -> Self {
        self.sampler = Some(sampler.into());
        self
    }

    /// The least important level that is exported, of spans and of log records. Default: `INFO`.
    pub fn level(mut self, level: LevelFilter) -> Self {
        self.level = level;
        self
    }

    /// Whether log lines also go to standard error, filtered by `RUST_LOG`. Default: yes.
    pub fn console(mut self, console: bool) -> Self {
        self.console = console;
        self
    }

    /// Builds, and makes this the telemetry of the whole process.
    ///
    /// # Errors
    ///
    /// [`InitError`] for a setting that cannot work.
    pub fn install(self) -> Result<Telemetry, InitError> {
        self.build()?.install()
    }

    // ANCHOR: build
    /// Builds the providers and a [`Dispatch`] that feeds them. Install it, or use it for one test.
    ///
    /// # Errors
    ///
    /// [`InitError`] for a setting that cannot work.
    pub fn build(self) -> Result<Telemetry, InitError> {
        let runtime = Runtime::start()?;
        let entered = runtime.enter(); // gRPC exporters take root on the runtime that is entered
        let resource = self.resource();
        let traces = self.tracer_provider(&resource)?;
        let metrics = self.meter_provider(&resource)?;
        let logs = self.logger_provider(&resource)?;
        drop(entered);

        let dispatch = self.dispatch(&traces, &logs);
        for warning in self.config.warnings.iter().chain(&self.doubts()) {
            tracing::dispatcher::with_default(&dispatch, || tracing::warn!(target: "telemetry", "{warning}"));
        }
        let (propagators, shutdown_timeout) = (self.config.propagators, self.shutdown_timeout);
        Ok(Telemetry { traces, metrics, logs, propagators, dispatch, runtime: Some(runtime), shutdown_timeout })
    }
    // ANCHOR_END: build

    // ANCHOR: resource
    /// The one resource that all signals share. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over the code:
    /// who deploys knows better than who compiled.
    fn resource(&self) -> Resource {
        let deployed = Resource::builder().build(); // the SDK's detectors read the environment
        let nobody_named_it = |key: &Key, value: &opentelemetry::Value| {
            key.as_str() == attribute::SERVICE_NAME && value.as_str().starts_with("unknown_service")
        };
        let version = self.version.clone().map(|version| KeyValue::new(attribute::SERVICE_VERSION, version));
        Resource::builder_empty()
            .with_service_name(self.service_name.clone())
            .with_attribute(KeyValue::new(attribute::SERVICE_INSTANCE_ID, uuid()))
            .with_attributes(version)
            .with_attributes(
                deployed
                    .iter()
                    .filter(|(key, value)| !nobody_named_it(key, value))
                    .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
            )
            .build()
    }
    // ANCHOR_END: resource

    /// The protocol and the endpoint of a signal; nothing when it is not exported.
    fn target(&self, exporter: Exporter) -> Option<(Protocol, Option<&str>)> {
        match (exporter, &self.target) {
            (Exporter::None, _) => None,
            (Exporter::Otlp(_), Some((protocol, endpoint))) => Some((*protocol, Some(endpoint))),
            (Exporter::Otlp(protocol), None) => Some((protocol, None)),
        }
    }

    /// Each of them once, however many signals it is about.
    fn doubts(&self) -> BTreeSet<String> {
        let signals =
            [("TRACES", self.config.traces), ("METRICS", self.config.metrics), ("LOGS", self.config.logs)].into_iter();
        let targets = signals.filter_map(|(signal, exporter)| Some((signal, self.target(exporter)?)));
        targets.filter_map(|(signal, (protocol, endpoint))| exporter::doubt(signal, protocol, endpoint)).collect()
    }

    // ANCHOR: providers
    fn tracer_provider(&self, resource: &Resource) -> Result<SdkTracerProvider, InitError> {
        let mut builder = SdkTracerProvider::builder().with_resource(resource.clone());
        if let Some(sampler) = &self.sampler {
            builder = builder.with_sampler(sampler.clone());
        }
        let Some((protocol, endpoint)) = self.target(self.config.traces) else {
            let provider = builder.build();
            let _ = provider.shutdown(); // its tracers do nothing: no span that nobody exports becomes a parent
            return Ok(provider);
        };
        let exporter = exporter::traces(protocol, endpoint)?;
        Ok(builder.with_batch_exporter(exporter).build())
    }

    fn meter_provider(&self, resource: &Resource) -> Result<SdkMeterProvider, InitError> {
        let builder = SdkMeterProvider::builder().with_resource(resource.clone());
        let Some((protocol, endpoint)) = self.target(self.config.metrics) else { return Ok(builder.build()) };
        let exporter = exporter::metrics(protocol, endpoint)?;
        let mut reader = PeriodicReader::builder(exporter);
        if let Some(interval) = self.export_interval {
            reader = reader.with_interval(interval);
        }
        Ok(builder.with_reader(reader.build()).build())
    }

    fn logger_provider(&self, resource: &Resource) -> Result<SdkLoggerProvider, InitError> {
        let builder = SdkLoggerProvider::builder().with_resource(resource.clone());
        let Some((protocol, endpoint)) = self.target(self.config.logs) else { return Ok(builder.build()) };
        let exporter = exporter::logs(protocol, endpoint)?;
        Ok(builder.with_batch_exporter(exporter).build())
    }
    // ANCHOR_END: providers

    // ANCHOR: dispatch
    /// `tracing` spans become OpenTelemetry spans, `tracing` events become log records: each once, never both.
    fn dispatch(&self, traces: &SdkTracerProvider, logs: &SdkLoggerProvider) -> Dispatch {
        let tracer = traces.tracer_with_scope(scope("telemetry", env!("CARGO_PKG_VERSION")));
        let spans = self.target(self.config.traces).map(|_| {
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                // Where and on which thread a span was made is not worth an attribute on each.
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                // The conventions want an exception as a log record; as a span event it is deprecated.
                .with_error_fields_to_exceptions(false)
                .with_error_records_to_exceptions(false)
                .with_filter(exported(self.level, |it| it.is_span()))
        });
        let records = self
            .target(self.config.logs)
            .map(|_| OpenTelemetryTracingBridge::new(logs).with_filter(exported(self.level, |it| it.is_event())));
        let lines = self.console.then(|| {
            let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            lines.with_filter(shown(std::env::var("RUST_LOG").ok().as_deref()))
        });
        let propagation = Propagation::new(&self.config.propagators);
        tracing_subscriber::registry().with(propagation).with(spans).with(records).with(lines).into()
    }
    // ANCHOR_END: dispatch
}

// ANCHOR: filters
/// An export is itself a network call. If the HTTP stack's own events were exported, each export would cause the next
/// one, for ever. These crates are silent on the OpenTelemetry layers, and still audible on standard error.
fn exported(level: LevelFilter, kind: fn(&Metadata<'_>) -> bool) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    const STACK: [&str; 7] = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tonic", "tower"];
    filter_fn(move |metadata| {
        let crate_name = metadata.target().split("::").next().unwrap_or_default();
        let about_telemetry = STACK.contains(&crate_name) || crate_name.starts_with("opentelemetry");
        *metadata.level() <= level && kind(metadata) && !about_telemetry
    })
    .with_max_level_hint(level)
}

/// What `RUST_LOG` says, else `info`. The SDK reports its own failures as events of `opentelemetry*`: those are shown
/// whatever `RUST_LOG` says of the rest, because they are the only sign that telemetry gets lost.
fn shown(rust_log: Option<&str>) -> EnvFilter {
    let asked = rust_log.filter(|asked| !asked.trim().is_empty()).unwrap_or("info");
    EnvFilter::builder().parse_lossy(format!("opentelemetry=warn,{asked}"))
}
// ANCHOR_END: filters

/// Version 4, as the conventions recommend for `service.instance.id`.
fn uuid() -> String {
    let random = u128::from_be_bytes(RandomIdGenerator::default().new_trace_id().to_bytes());
    let version_4 = random & !(0xf << 76) | (0x4 << 76);
    let hex = format!("{:032x}", version_4 & !(0b11 << 62) | (0b10 << 62));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_is_a_uuid_of_version_4() {
        let uuid = uuid();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }

    #[test]
    fn the_sdk_is_heard_unless_it_is_named() {
        for asked in [None, Some(""), Some("off"), Some("checkout=debug")] {
            assert!(shown(asked).to_string().contains("opentelemetry=warn"), "{asked:?}");
        }
        assert!(shown(Some("info,opentelemetry=off")).to_string().contains("opentelemetry=off"));
    }
}
