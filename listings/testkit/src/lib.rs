//! What tests share.
//!
//! A test owns everything it uses: its own [`Receiver`] on its own port, its own providers, its own subscriber. So tests
//! run side by side, and what a receiver holds is what this test sent.
//!
//! ```
//! use testkit::Receiver;
//! use tracing::instrument::WithSubscriber;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let receiver = Receiver::grpc().await;
//! let telemetry = receiver.telemetry("checkout").build().unwrap();
//! async { tracing::info_span!("work").in_scope(|| ()) }.with_subscriber(telemetry.dispatch()).await;
//! telemetry.shutdown().unwrap();
//! assert_eq!(receiver.capture().await.tree(), "work\n");
//! # }
//! ```

mod capture;
mod conventions;
mod example;
mod keeper;
mod postgres;
mod proxy;
mod receiver;
mod redis;
mod registry;
mod serve;

#[doc(hidden)]
pub use capture::test_name;
pub use capture::{Attributes, Capture, LogRecord, Metric, Point, Span};
pub use conventions::{Name, Violation, check, names_of_the_conventions};
pub use example::example;
pub use postgres::Postgres;
pub use proxy::{Fault, FaultProxy};
pub use receiver::Receiver;
pub use redis::Redis;
pub use registry::Registry;
pub use serve::serve;
