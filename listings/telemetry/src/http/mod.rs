//! HTTP spans and durations by the stable semantic conventions, for axum servers and reqwest clients.

mod client;
mod server;

pub use client::{ClientLayer, ClientService};
pub use server::{Server, trace};

use opentelemetry::metrics::{Histogram, Meter};

/// The boundaries that the conventions advise for durations of HTTP requests, in seconds.
const BOUNDARIES: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

fn duration(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_description(description).with_boundaries(BOUNDARIES.to_vec()).build()
}

/// Methods are a closed set: what is not known is `_OTHER`, so that nobody can fill the metrics backend with verbs.
fn known(method: &::http::Method) -> &'static str {
    const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}
