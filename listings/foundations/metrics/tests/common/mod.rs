//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use metrics::peek::{Peek, Series};
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{NoSubscriber, with_default};
use tracing::{Dispatch, Level};

/// A provider that is collected on demand.
pub fn cumulative() -> (Peek, SdkMeterProvider) {
    with_temporality(Temporality::Cumulative)
}

pub fn with_temporality(temporality: Temporality) -> (Peek, SdkMeterProvider) {
    let peek = Peek::new(temporality);
    let provider = peek.provider(SdkMeterProvider::builder());
    (peek, provider)
}

/// The number of one series.
pub fn value(collected: &[Series], name: &str, attributes: &str) -> Option<f64> {
    collected.iter().find(|series| series.name == name && series.attributes == attributes).map(Series::number)
}

/// What the SDK says on this thread: its own log, at every level.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub fn while_running(work: impl FnOnce()) -> String {
        // A second subscriber, so that no test beside this one switches an event off for all (tokio-rs/tracing#3611).
        let _second = Dispatch::new(NoSubscriber::new());
        let heard = Self::default();
        let writer = heard.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::from_level(Level::TRACE))
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        with_default(subscriber, work);
        let said = heard.0.lock().unwrap().clone();
        String::from_utf8(said).unwrap()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
