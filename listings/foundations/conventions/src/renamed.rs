//! Old names beside new ones, for as long as somebody reads the old ones.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::{Instrument, MeterProviderBuilder, Stream};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

// ANCHOR: opt_in
/// Which names leave the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The old ones alone.
    Old,
    /// Both.
    Both,
    /// The new ones alone.
    New,
}

impl Names {
    /// What `OTEL_SEMCONV_STABILITY_OPT_IN` says of a domain: `http` means new,
    /// `http/dup` both, and `dup` wins. No crate in this workspace reads it;
    /// instrumentation that has old names to keep is asked to.
    pub fn opted(domain: &str, opt_in: &str) -> Self {
        let values = || opt_in.split(',').map(str::trim);
        if values().any(|value| value.strip_suffix("/dup") == Some(domain)) {
            Self::Both
        } else if values().any(|value| value == domain) {
            Self::New
        } else {
            Self::Old
        }
    }
}
// ANCHOR_END: opt_in

/// Names of HTTP that changed and whose values did not: new, old.
pub const HTTP: [(&str, &str); 4] = [
    ("http.request.method", "http.method"),
    ("http.response.status_code", "http.status_code"),
    ("url.full", "http.url"),
    ("url.scheme", "http.scheme"),
];

// ANCHOR: exporter
/// The program says the new names. On the way out each gets its old one beside it, or
/// in its place.
#[derive(Debug)]
pub struct Renaming<E> {
    exporter: E,
    names: Names,
    renamed: &'static [(&'static str, &'static str)],
}

impl<E> Renaming<E> {
    /// Sends with `exporter`; `renamed` has pairs of new and old.
    pub fn new(exporter: E, names: Names, renamed: &'static [(&'static str, &'static str)]) -> Self {
        Self { exporter, names, renamed }
    }

    fn rename(&self, attributes: &mut Vec<KeyValue>) {
        let old = |attribute: &KeyValue| {
            let (_, old) = self.renamed.iter().find(|(new, _)| *new == attribute.key.as_str())?;
            Some(KeyValue::new(*old, attribute.value.clone()))
        };
        let added: Vec<_> = attributes.iter().filter_map(old).collect();
        if self.names == Names::Old {
            attributes.retain(|attribute| old(attribute).is_none());
        }
        attributes.extend(added);
    }
}

impl<E: SpanExporter> SpanExporter for Renaming<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        if self.names != Names::New {
            batch.iter_mut().for_each(|span| self.rename(&mut span.attributes));
        }
        self.exporter.export(batch).await
    }
    // ANCHOR_END: exporter

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

// ANCHOR: views
/// A metric under two names: each view that matches is a stream of its own. The
/// measurements are the same, and so is the unit, because a view converts nothing.
pub fn under_both_names(builder: MeterProviderBuilder, new: &'static str, old: &'static str) -> MeterProviderBuilder {
    [new, old].into_iter().fold(builder, |builder, name| {
        let view = move |instrument: &Instrument| {
            (instrument.name() == new).then(|| Stream::builder().with_name(name).build().ok())?
        };
        builder.with_view(view)
    })
}
// ANCHOR_END: views
