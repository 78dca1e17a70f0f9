//! Breakers by name: one for each host, tenant or shard.

use std::sync::Arc;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use opentelemetry::metrics::{Histogram, Meter};

use crate::breaker::CircuitBreaker;
use crate::config::{Config, ConfigError};
use crate::telemetry;

// ANCHOR: registry
/// Makes a breaker the first time its name is asked for. Bounded: beyond `capacity` the names that were not used for the
/// longest time are forgotten, with their history. Clones share the breakers.
#[derive(Debug, Clone)]
pub struct Registry {
    breakers: Arc<Cache<Arc<str>, CircuitBreaker>>,
    config: Config,
    duration: Option<Histogram<f64>>,
}
// ANCHOR_END: registry

impl Registry {
    /// All breakers share `config`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a setting cannot work.
    pub fn new(capacity: u64, config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        if capacity == 0 {
            return Err(ConfigError::Zero("capacity"));
        }
        // Not the default policy: that one may refuse a newcomer in favour of names that were popular once, and a
        // breaker that is made anew for each call never opens.
        let breakers = Cache::builder().max_capacity(capacity).eviction_policy(EvictionPolicy::lru()).build();
        Ok(Self { breakers: Arc::new(breakers), config, duration: None })
    }

    /// Publishes the metrics of all breakers through `meter`: of those that there are when the exporter reads. A breaker
    /// that was evicted is not among them.
    pub fn observe(mut self, meter: Meter) -> Self {
        let breakers = Arc::downgrade(&self.breakers);
        telemetry::observe_all(&meter, move || breakers.upgrade().map(|breakers| list(&breakers)).unwrap_or_default());
        self.duration = Some(telemetry::duration(&meter));
        self
    }

    // ANCHOR: get
    /// The breaker of this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoName`] for an empty name.
    pub fn get(&self, name: &str) -> Result<CircuitBreaker, ConfigError> {
        if let Some(breaker) = self.breakers.get(name) {
            return Ok(breaker);
        }
        let name: Arc<str> = name.into();
        let make = || {
            let breaker = CircuitBreaker::new(name.clone(), self.config.clone())?;
            if let Some(duration) = &self.duration {
                breaker.measure(duration.clone());
            }
            Ok(breaker)
        };
        // Two threads that ask for a new name at once get the same breaker.
        self.breakers.try_get_with(name.clone(), make).map_err(|error: Arc<ConfigError>| (*error).clone())
    }
    // ANCHOR_END: get

    /// A breaker that exists already.
    pub fn find(&self, name: &str) -> Option<CircuitBreaker> {
        self.breakers.get(name)
    }

    /// All breakers, by name.
    pub fn all(&self) -> Vec<CircuitBreaker> {
        let mut all = list(&self.breakers);
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }
}

fn list(breakers: &Cache<Arc<str>, CircuitBreaker>) -> Vec<CircuitBreaker> {
    breakers.iter().map(|(_, breaker)| breaker).collect()
}
