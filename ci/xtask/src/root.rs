//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::ensure;

/// The repository's root. Asked while it runs: clones that share a target folder share this program too.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let home = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
        let root = home.ancestors().find(|folder| folder.join("book.toml").is_file());
        root.expect("cargo runs this program, in the repository").to_owned()
    });
    &ROOT
}

/// The folder of a listing, `patterns/circuit-breaker`.
///
/// # Errors
///
/// When there is no such crate.
pub fn listing(slug: &str) -> anyhow::Result<PathBuf> {
    let folder = root().join("listings").join(slug);
    ensure!(
        folder.join("Cargo.toml").is_file(),
        "there is no listing {slug:?}: listings/{slug}/Cargo.toml is missing; the listings are {}",
        listings()?.join(", ")
    );
    Ok(folder)
}

/// The slugs of all listings, in order.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn listings() -> anyhow::Result<Vec<String>> {
    book::Book::open(root())?.listings()
}

/// What a crate is called: the last part of its slug.
pub fn package(slug: &str) -> &str {
    slug.rsplit('/').next().unwrap_or(slug)
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, or `target` at the root.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}
