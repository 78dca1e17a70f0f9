//! The first program that sends OTLP. There is no library: the examples are the listing.
//!
//! `cargo xtask receive -- cargo run --example first-signal` runs one and prints what it sent.
