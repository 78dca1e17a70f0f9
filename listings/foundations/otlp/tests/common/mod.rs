//! What the exporter says while it works: its warnings, which are events of `tracing`.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::{NoSubscriber, with_default};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// While a process has one subscriber only, tests side by side switch off each other's events
/// (tokio-rs/tracing#3611). With this one there are two.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

struct Warnings(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= Level::WARN {
            let mut line = Line(event.metadata().name().to_owned());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "name" {
            let _ = write!(self.0, " {}={value:?}", field.name()); // the SDK repeats the name as a field
        }
    }
}

/// Runs `work` on this thread, and returns its result and the warnings.
pub fn listen<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    LazyLock::force(&SECOND);
    let warnings = Arc::default();
    let result = with_default(Registry::default().with(Warnings(Arc::clone(&warnings))), work);
    let warnings = std::mem::take(&mut *warnings.lock().unwrap());
    (result, warnings)
}
