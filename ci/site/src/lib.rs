//! The mdBook preprocessor and renderer of both editions.

pub mod archive;
pub mod diagrams;
pub mod directives;
mod edition;
pub mod figures;
mod html;
pub mod links;
mod localise;
pub mod preprocessor;
pub mod renderer;
mod search;
mod site;
mod sitemap;
pub mod twins;

pub use site::Site;
