//! The SDK's own processor under too much load.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};

use crate::queue::{Forecast, Queue, Step};

/// The timer plays no part: a batch that is full goes at once.
const NEVER: Duration = Duration::from_secs(3600);

/// What was foretold, and what has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// By [`Queue::forecast`].
    pub forecast: Forecast,
    /// By the exporter, which counts what it gets.
    pub counted: Forecast,
}

/// The processor did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Stalled {
    /// It did not export.
    #[error("an export of {0} spans should have begun: {1}")]
    NoExport(usize, RecvTimeoutError),
    /// It exported another number of spans than foretold.
    #[error("an export of {expected} spans should have begun, and {seen} came")]
    OtherExport {
        /// Foretold.
        expected: usize,
        /// Counted.
        seen: usize,
    },
    /// It did not stop.
    #[error("the processor did not shut down: {0}")]
    Shutdown(#[from] OTelSdkError),
}

// ANCHOR: provoke
/// Ends `spans` spans, `meanwhile` of them during each export, and counts what arrives.
///
/// # Errors
///
/// [`Stalled`] when the processor does not export when and what it should.
pub fn provoke(queue: Queue, spans: usize, meanwhile: usize) -> Result<Outcome, Stalled> {
    let (exporter, gate) = crate::gate();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(queue.config(NEVER)).build();
    let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
    let tracer = provider.tracer("overload");

    let mut surprise = Ok(());
    let forecast = queue.forecast(spans, meanwhile, |step| match step {
        Step::End => drop(tracer.start("work")),
        Step::Finish => gate.release(),
        Step::Begin(expected) if surprise.is_ok() => {
            surprise = match gate.next() {
                Ok(export) if export.size == expected => Ok(()),
                Ok(export) => Err(Stalled::OtherExport { expected, seen: export.size }),
                Err(timeout) => Err(Stalled::NoExport(expected, timeout)),
            }
        }
        Step::Begin(_) => {}
    });
    surprise?;
    gate.open();
    provider.shutdown()?; // takes along what is still queued
    let exported = gate.taken();
    Ok(Outcome { forecast, counted: Forecast { exported, dropped: spans - exported } })
}
// ANCHOR_END: provoke
