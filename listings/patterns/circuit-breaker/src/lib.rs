//! A circuit breaker for Tower services, observed with OpenTelemetry.
