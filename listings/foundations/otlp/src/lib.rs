//! What goes over the wire.
//!
//! The parts, in reading order: [`order`] is a span whose ids and times never change, [`send`] hands it to an exporter
//! of the SDK, [`door`] is a server that keeps what it is sent and answers what it is told, and [`wire`] explains the
//! bytes, field by field.
//!
//! ```
//! use otlp::door::{Answer, Door};
//! use otlp::send::{Settings, send};
//!
//! let door = Door::open(vec![Answer::Accept]).unwrap();
//! send(vec![otlp::order::span()], &door.endpoint(), &Settings::default()).unwrap();
//! let request = door.received().remove(0);
//! assert_eq!((request.path.as_str(), request.body[0]), ("/v1/traces", 0x0a));
//! ```

pub mod door;
pub mod order;
pub mod send;
pub mod wire;
