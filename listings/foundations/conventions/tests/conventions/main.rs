//! What is wrong with a name, what it costs, and how an old one is left behind.
#![allow(clippy::unwrap_used)]

mod check;
mod event;
mod renamed;
mod request;
mod weaver;
