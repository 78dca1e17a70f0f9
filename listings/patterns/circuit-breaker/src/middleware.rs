//! The breaker as Tower middleware, in the three files that every Tower middleware has.

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::CircuitBreakerLayer;
pub use service::CircuitBreakerService;
