//! The service of this chapter: a bank over HTTP.

pub mod api;
mod config;
mod reply;
mod run;

pub use config::{Config, InvalidVariable};
pub use run::{migrate, rebuild, run};
