//! What the book is made of: pages, pairs, directives, regions, results.
//!
//! The site, the snippets and the commands all read the book through this crate, so they agree on what a page, a
//! listing and a figure is. In reading order: [`Book`] and its [`Page`]s come from the two `SUMMARY.md`; [`Outline`] is
//! the structure of one page; [`parity`] compares two outlines and [`pairs`] remembers who confirmed them; a
//! [`Directive`] names a [`region`], a [`Capture`] or [`Results`] of a listing.

mod book;
pub mod capture;
mod directive;
mod files;
mod hash;
pub mod lock;
pub mod names;
mod outline;
pub mod pairs;
pub mod parity;
mod problem;
pub mod region;
pub mod registry;
pub mod results;
mod snippets;
mod summary;
#[cfg(test)]
mod testing;

pub use book::{Book, Edition, Page};
pub use capture::Capture;
pub use directive::{Directive, DirectiveKind};
pub use files::files;
pub use hash::{hash_source, hash_sources, sha256, today};
pub use lock::Lock;
pub use outline::{Block, BlockKind, Outline};
pub use pairs::Pairs;
pub use problem::{Problem, fail_on};
pub use region::Region;
pub use registry::Registry;
pub use results::Results;
pub use snippets::{Snippet, snippets};
