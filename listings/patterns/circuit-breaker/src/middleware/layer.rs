//! The breaker as a Tower layer.

use tower::Layer;

use super::service::CircuitBreakerService;
use crate::breaker::CircuitBreaker;
use crate::classify::ErrorsAreFailures;

// ANCHOR: layer
/// Puts a breaker in front of a service.
///
/// The breaker lives in the layer: every service that the layer makes shares it. axum calls `Layer::layer` once for each
/// route, and a breaker made in there would be a breaker for each route.
#[derive(Debug, Clone)]
pub struct CircuitBreakerLayer<C = ErrorsAreFailures> {
    breaker: CircuitBreaker,
    classify: C,
}

impl CircuitBreakerLayer {
    /// Counts errors as failures.
    pub fn new(breaker: CircuitBreaker) -> Self {
        Self { breaker, classify: ErrorsAreFailures }
    }
}

impl<C> CircuitBreakerLayer<C> {
    /// Lets `classify` judge results in place of the default.
    pub fn classify<D>(self, classify: D) -> CircuitBreakerLayer<D> {
        CircuitBreakerLayer { breaker: self.breaker, classify }
    }
}

impl<S, C: Clone> Layer<S> for CircuitBreakerLayer<C> {
    type Service = CircuitBreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreakerService::new(inner, self.breaker.clone(), self.classify.clone())
    }
}
// ANCHOR_END: layer
