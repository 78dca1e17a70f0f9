//! Views: the service decides what leaves, not the library that measures.

use std::error::Error;

use opentelemetry::Key;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, MeterProviderBuilder, Stream, StreamBuilder};

// ANCHOR: views
/// Buckets that find their own boundaries: 160 at most, as fine as the spread of the values allows.
pub const EXPONENTIAL: Aggregation =
    Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };

/// Five views of a library's instruments. What a view does not set stays as the library made it.
///
/// # Errors
///
/// When a stream cannot be built: a limit of zero, boundaries that do not rise, a unit that is not ASCII.
pub fn views(builder: MeterProviderBuilder) -> Result<MeterProviderBuilder, Box<dyn Error>> {
    Ok(builder
        .with_view(view("lib.req", || Stream::builder().with_name("lib.requests"))?)
        .with_view(view("lib.calls", || Stream::builder().with_allowed_attribute_keys([Key::new("lib.outcome")]))?)
        .with_view(view("lib.noise", || Stream::builder().with_aggregation(Aggregation::Drop))?)
        .with_view(view("lib.sessions", || Stream::builder().with_cardinality_limit(10_000))?)
        .with_view(view("lib.duration", || Stream::builder().with_aggregation(EXPONENTIAL))?))
}

/// A view of the instrument `name`. The SDK asks for a new stream each time; this builds one now as well, where a
/// mistake can still be reported. Later it could only be swallowed, and the view would match nothing.
///
/// # Errors
///
/// When the stream cannot be built.
pub fn view(
    name: &'static str,
    stream: fn() -> StreamBuilder,
) -> Result<impl Fn(&Instrument) -> Option<Stream> + Send + Sync, Box<dyn Error>> {
    stream().build()?;
    Ok(move |instrument: &Instrument| if instrument.name() == name { stream().build().ok() } else { None })
}
// ANCHOR_END: views
