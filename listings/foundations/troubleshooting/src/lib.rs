//! Failures that need a dependency tree of their own.
