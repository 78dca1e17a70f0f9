//! What the SDK says of itself, heard.

use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// With a single subscriber in the process, an event that is first reached on a thread without it would be switched off
/// for good, on every thread (tokio-rs/tracing#3611).
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// The name of an event, and the count in those that have one.
type Said = (&'static str, Option<u64>);

/// The SDK's own events.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Said>>>);

impl Heard {
    /// What a program hears that has a subscriber.
    pub fn dispatch(&self) -> Dispatch {
        LazyLock::force(&SECOND);
        Dispatch::new(Registry::default().with(self.clone()))
    }

    /// Everything so far, warnings and errors only.
    pub fn events(&self) -> Vec<Said> {
        self.0.lock().unwrap().clone()
    }
}

impl<S: Subscriber> Layer<S> for Heard {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about_telemetry = event.metadata().target().starts_with("opentelemetry");
        if about_telemetry && *event.metadata().level() <= tracing::Level::WARN {
            let mut count = Count(None);
            event.record(&mut count);
            self.0.lock().unwrap().push((event.metadata().name(), count.0));
        }
    }
}

struct Count(Option<u64>);

impl Visit for Count {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name().starts_with("dropped") {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
