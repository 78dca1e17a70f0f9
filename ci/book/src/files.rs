//! The files below a folder that belong to the project.

use std::path::{Path, PathBuf};

use anyhow::Context;
use walkdir::{DirEntry, WalkDir};

/// Folders that tools fill.
const BUILT: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Every file below `folder` (or `folder` itself, when it is a file) in a fixed order, without hidden files and what
/// tools have built.
///
/// # Errors
///
/// When `folder` is missing or cannot be read.
pub fn files(folder: impl AsRef<Path>) -> anyhow::Result<Vec<PathBuf>> {
    let ours = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || entry.file_type().is_dir() && BUILT.contains(&&*name))
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(&folder).sort_by_file_name().into_iter().filter_entry(ours) {
        let entry = entry.with_context(|| folder.as_ref().display().to_string())?;
        if entry.file_type().is_file() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}
