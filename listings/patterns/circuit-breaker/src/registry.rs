//! Breakers by name: one for each host, tenant or shard.

use std::sync::Arc;

use moka::sync::Cache;
use opentelemetry::metrics::Meter;

use crate::breaker::CircuitBreaker;
use crate::config::{Config, ConfigError};

// ANCHOR: registry
/// Makes a breaker the first time its name is asked for. Bounded: beyond `capacity` the names that were not used for the
/// longest time are forgotten, with their history. Clones share the breakers.
#[derive(Debug, Clone)]
pub struct Registry {
    breakers: Cache<Arc<str>, CircuitBreaker>,
    config: Config,
    meter: Option<Meter>,
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
        Ok(Self { breakers: Cache::new(capacity), config, meter: None })
    }

    /// Publishes the metrics of every breaker made from now on.
    pub fn observe(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
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
            if let Some(meter) = &self.meter {
                breaker.observe(meter);
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
        let mut all: Vec<_> = self.breakers.iter().map(|(_, breaker)| breaker).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }
}
