//! The finished site in a real browser.

#![allow(clippy::unwrap_used)]

mod accessibility;
mod chrome;
mod pages;
mod search;
mod site;
mod switches;
