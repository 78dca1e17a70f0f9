//! Each listing as an archive that builds by itself, and the sources that captions link to.
//!
//! An archive is a small workspace: the listing and the crates it needs, the root manifest and the lock file cut down to
//! them. The folders are those of the repository, so that every path in a page or a Dockerfile holds there too. The same
//! sources give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use book::{Book, Edition, region};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::directives;

mod lock;
mod source;
mod workspace;

use workspace::Workspace;

/// 2000-01-01: every file has this date.
const DATE: u64 = 946_684_800;

/// Where the archive of a listing is, from the site's root.
pub(crate) fn path(slug: &str) -> String {
    format!("listings/{slug}.tar.gz")
}

/// Writes `listings/<slug>.tar.gz` for each listing below `out`. When `book.toml` names no repository, also writes the
/// files that captions link to, as plain pages.
///
/// # Errors
///
/// When a listing cannot be read, or `out` not be written.
pub fn write_all(book: &Book, out: &Path) -> anyhow::Result<()> {
    for slug in book.listings()? {
        let path = out.join(path(&slug));
        let file = create(&path)?;
        write(book, &slug, file).with_context(|| path.display().to_string())?;
    }
    if book.repository().is_some() {
        return Ok(());
    }
    let mut files = BTreeSet::new();
    for page in book.pages(Edition::En) {
        files.extend(directives::linked_files(book, page)?);
    }
    for file in files {
        let text = fs::read_to_string(book.root().join(&file)).with_context(|| file.clone())?;
        create(&out.join(format!("{file}.html")))?.write_all(source::page(&file, &text).as_bytes())?;
    }
    Ok(())
}

/// Writes the archive of one listing.
///
/// # Errors
///
/// When the listing or a crate it needs cannot be read, or Cargo does not resolve its versions.
pub fn write(book: &Book, slug: &str, to: impl Write) -> anyhow::Result<()> {
    let mut files = files(book, slug)?;
    files.insert("Cargo.lock".to_owned(), (lock::resolve(book.root(), &files)?.into_bytes(), false));
    let folder = slug.rsplit('/').next().unwrap_or(slug);
    let gzip = GzBuilder::new().mtime(0).write(to, Compression::best());
    let mut tar = Builder::new(gzip);
    for (path, (content, executable)) in &files {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if *executable { 0o755 } else { 0o644 });
        header.set_mtime(DATE);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{folder}/{path}"), &content[..]).with_context(|| path.clone())?;
    }
    tar.into_inner()?.finish()?;
    Ok(())
}

/// Content, and whether it is a program, by path.
type Files = BTreeMap<String, (Vec<u8>, bool)>;

/// Everything but the lock file.
fn files(book: &Book, slug: &str) -> anyhow::Result<Files> {
    let workspace = Workspace::of(book.root(), &format!("listings/{slug}"))?;
    let mut files = Files::new();
    files.insert("Cargo.toml".to_owned(), (workspace.manifest.into_bytes(), false));
    files.insert("README.md".to_owned(), (workspace.readme.into_bytes(), false));
    for name in root_files(book.root()) {
        files.insert(name.to_owned(), (fs::read(book.root().join(name)).context(name)?, false));
    }
    for member in &workspace.members {
        for file in book::files(book.root().join(member))? {
            let path = file.strip_prefix(book.root())?.to_string_lossy().replace('\\', "/");
            let content = fs::read(&file).with_context(|| path.clone())?;
            // What is not text has no anchors.
            let content = match String::from_utf8(content) {
                Ok(text) => region::without_anchors(&text).into_bytes(),
                Err(binary) => binary.into_bytes(),
            };
            files.insert(path, (content, is_executable(&file)?));
        }
    }
    Ok(files)
}

/// The licences of code, and the settings of Rust's tools where the repository has some.
fn root_files(root: &Path) -> impl Iterator<Item = &'static str> {
    const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
    const SETTINGS: [&str; 3] = ["clippy.toml", "rust-toolchain.toml", "rustfmt.toml"];
    let there = move |name: &&str| root.join(name).is_file();
    LICENCES.into_iter().chain(SETTINGS.into_iter().filter(there))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> anyhow::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(file)?.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> anyhow::Result<bool> {
    Ok(false)
}

fn create(path: &Path) -> anyhow::Result<File> {
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    File::create(path).with_context(|| path.display().to_string())
}
