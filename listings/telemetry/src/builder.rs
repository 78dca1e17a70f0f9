//! From configuration to running providers, joined to `tracing`.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue, global};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{ExporterBuildError, Protocol};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use opentelemetry_semantic_conventions::{SCHEMA_URL, attribute};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt, Targets, filter_fn};
use tracing_subscriber::prelude::*;

use crate::config::{Config, Exporter};
use crate::exporter::{self, Target};
use crate::guard::Telemetry;
use crate::propagation;

/// Why telemetry could not be set up. Each is a mistake in configuration that a restart does not cure.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// An endpoint, header, protocol or TLS setting cannot be used.
    #[error("the OTLP exporter for {signal} cannot be built; check OTEL_EXPORTER_OTLP_* : {source}")]
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
    #[error("a global tracing subscriber is already installed; call telemetry::init once, first thing in main")]
    AlreadyInstalled,
}

/// Sets everything up from the environment and installs it for the whole process.
///
/// # Errors
///
/// [`InitError`] for a setting that cannot work. A collector that cannot be reached is not an error: the program runs,
/// and the SDK reports failed exports on standard error.
pub fn init(service_name: impl Into<Cow<'static, str>>) -> Result<Telemetry, InitError> {
    Builder::new(service_name).build()?.install()
}

/// The scope of an instrument or tracer: the crate that makes it, its version and the conventions it follows.
///
/// ```
/// let scope = telemetry::scope("checkout", "1.2.0");
/// assert_eq!(scope.name(), "checkout");
/// ```
pub fn scope(name: &'static str, version: &'static str) -> InstrumentationScope {
    InstrumentationScope::builder(name).with_version(version).with_schema_url(SCHEMA_URL).build()
}

/// Collects what differs between a service and a test. [`Builder::build`] touches nothing global except the propagator,
/// which has no state.
#[derive(Debug, Clone)]
pub struct Builder {
    service_name: Cow<'static, str>,
    config: Config,
    target: Option<Target>,
    shutdown_timeout: Duration,
    export_interval: Option<Duration>,
    console: bool,
}

impl Builder {
    /// Starts from the process environment. `service_name` is the default for `OTEL_SERVICE_NAME`.
    pub fn new(service_name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            service_name: service_name.into(),
            config: Config::from_env(),
            target: None,
            shutdown_timeout: Duration::from_secs(5),
            export_interval: None,
            console: true,
        }
    }

    /// Replaces what the environment said about exporters and propagators.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sends to this endpoint (`http://127.0.0.1:4317`) whatever the environment says.
    pub fn endpoint(mut self, protocol: Protocol, endpoint: impl Into<String>) -> Self {
        self.target = Some(Target { protocol, endpoint: endpoint.into() });
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

    /// Whether log lines also go to standard error, filtered by `RUST_LOG`. Default: yes.
    pub fn console(mut self, console: bool) -> Self {
        self.console = console;
        self
    }

    // ANCHOR: build
    /// Builds the providers and a [`Dispatch`] that feeds them. Install it, or use it for one test.
    ///
    /// # Errors
    ///
    /// [`InitError`] for a setting that cannot work.
    pub fn build(self) -> Result<Telemetry, InitError> {
        let runtime = exporter::runtime()?;
        let entered = runtime.enter(); // gRPC exporters take root on the runtime that is entered
        let resource = self.resource();
        let tracer_provider = self.tracer_provider(&resource)?;
        let meter_provider = self.meter_provider(&resource)?;
        let logger_provider = self.logger_provider(&resource)?;
        drop(entered);

        global::set_text_map_propagator(propagation::composite(&self.config.propagators));
        let dispatch = self.dispatch(&tracer_provider, &logger_provider);
        for warning in &self.config.warnings {
            tracing::dispatcher::with_default(&dispatch, || tracing::warn!(target: "telemetry", "{warning}"));
        }
        Ok(Telemetry::new((tracer_provider, meter_provider, logger_provider), dispatch, runtime, self.shutdown_timeout))
    }
    // ANCHOR_END: build

    // ANCHOR: resource
    /// The one resource that all signals share. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over the code:
    /// who deploys knows better than who compiled.
    fn resource(&self) -> Resource {
        let instance = RandomIdGenerator::default().new_trace_id().to_string();
        let ours = Resource::builder_empty()
            .with_service_name(self.service_name.clone())
            .with_attribute(KeyValue::new(attribute::SERVICE_INSTANCE_ID, instance))
            .build();
        let deployed = Resource::builder().build();
        let unnamed = opentelemetry::Key::from_static_str(attribute::SERVICE_NAME);
        let merged = ours.iter().chain(deployed.iter().filter(|(key, value)| {
            // The SDK fills in this name when nobody gave one.
            **key != unnamed || !value.as_str().starts_with("unknown_service")
        }));
        Resource::builder_empty()
            .with_attributes(merged.map(|(key, value)| KeyValue::new(key.clone(), value.clone())))
            .build()
    }
    // ANCHOR_END: resource

    fn wants(&self, exporter: Exporter) -> bool {
        !self.config.disabled && exporter == Exporter::Otlp
    }

    // ANCHOR: providers
    fn tracer_provider(&self, resource: &Resource) -> Result<SdkTracerProvider, InitError> {
        let builder = SdkTracerProvider::builder().with_resource(resource.clone());
        if !self.wants(self.config.traces) {
            return Ok(builder.build());
        }
        let exporter =
            exporter::spans(self.target.as_ref()).map_err(|source| InitError::Exporter { signal: "traces", source })?;
        Ok(builder.with_batch_exporter(exporter).build())
    }

    fn meter_provider(&self, resource: &Resource) -> Result<SdkMeterProvider, InitError> {
        let builder = SdkMeterProvider::builder().with_resource(resource.clone());
        if !self.wants(self.config.metrics) {
            return Ok(builder.build());
        }
        let exporter = exporter::metrics(self.target.as_ref())
            .map_err(|source| InitError::Exporter { signal: "metrics", source })?;
        let mut reader = PeriodicReader::builder(exporter);
        if let Some(interval) = self.export_interval {
            reader = reader.with_interval(interval);
        }
        Ok(builder.with_reader(reader.build()).build())
    }

    fn logger_provider(&self, resource: &Resource) -> Result<SdkLoggerProvider, InitError> {
        let builder = SdkLoggerProvider::builder().with_resource(resource.clone());
        if !self.wants(self.config.logs) {
            return Ok(builder.build());
        }
        let exporter =
            exporter::logs(self.target.as_ref()).map_err(|source| InitError::Exporter { signal: "logs", source })?;
        Ok(builder.with_batch_exporter(exporter).build())
    }
    // ANCHOR_END: providers

    // ANCHOR: dispatch
    /// `tracing` spans become OpenTelemetry spans, `tracing` events become log records: each once, never both.
    fn dispatch(&self, traces: &SdkTracerProvider, logs: &SdkLoggerProvider) -> Dispatch {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(traces.tracer_with_scope(scope("telemetry", env!("CARGO_PKG_VERSION"))))
            // What is left out is not in the conventions, or costs an allocation a span.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span()).and(no_telemetry_about_telemetry()));
        let records = OpenTelemetryTracingBridge::new(logs).with_filter(no_telemetry_about_telemetry());
        let console = self.console.then(|| {
            let default = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(default)
        });
        tracing_subscriber::registry().with(spans).with(records).with(console).into()
    }
    // ANCHOR_END: dispatch
}

// ANCHOR: loop
/// An export is itself a network call. If the HTTP stack's own events were exported, each export would cause the next
/// one, for ever. These crates are silent on the OpenTelemetry layers, and still audible on standard error.
fn no_telemetry_about_telemetry() -> Targets {
    let stack = [
        "hyper",
        "hyper_util",
        "h2",
        "tonic",
        "reqwest",
        "tower",
        "opentelemetry",
        "opentelemetry_sdk",
        "opentelemetry_otlp",
    ];
    Targets::new().with_default(LevelFilter::INFO).with_targets(stack.map(|crate_| (crate_, LevelFilter::OFF)))
}
// ANCHOR_END: loop
