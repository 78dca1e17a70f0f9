//! Instruments, views, temporality, cardinality, exemplars.
//!
//! In reading order: [`instruments`] are made once and kept, [`views`] change what leaves without touching them,
//! [`readers`] push over OTLP and answer a scrape at once, and [`exemplars`] lead from a number to a trace. [`peek`] is an
//! exporter that keeps what it is given, so that the programs and tests of this chapter can look at it.

pub mod exemplars;
pub mod instruments;
pub mod peek;
pub mod readers;
pub mod views;
