//! One call sets up traces, metrics and logs over OTLP.
