//! Each listing as an archive that builds by itself, and the sources that captions link to.
//!
//! An archive is a small workspace: the listing and the crates it needs, the root manifest and the lock file cut down to
//! them. The folders are those of the repository, so that every path in a page or a Dockerfile holds there too. The same
//! sources give the same bytes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use book::{Book, Edition, region};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::directives;

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
/// When the listing or a crate it needs cannot be read.
pub fn write(book: &Book, slug: &str, to: impl Write) -> anyhow::Result<()> {
    let workspace = Workspace::of(book.root(), &format!("listings/{slug}"))?;
    let mut tar = Tar { folder: slug.rsplit('/').next().unwrap_or(slug).to_owned(), tar: Builder::new(gzip(to)) };
    tar.add("Cargo.lock", workspace.lock.as_bytes(), false)?;
    tar.add("Cargo.toml", workspace.manifest.as_bytes(), false)?;
    tar.add("README.md", workspace.readme.as_bytes(), false)?;
    for name in root_files(book.root())? {
        tar.add(&name, &fs::read(book.root().join(&name))?, false)?;
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
            tar.add(&path, &content, is_executable(&file)?)?;
        }
    }
    tar.tar.into_inner()?.finish()?;
    Ok(())
}

/// Licences and tool settings of the repository, in order.
fn root_files(root: &Path) -> anyhow::Result<Vec<String>> {
    const SETTINGS: [&str; 3] = ["clippy.toml", "rust-toolchain.toml", "rustfmt.toml"];
    let names = fs::read_dir(root)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.retain(|name| name.starts_with("LICENSE") || SETTINGS.contains(&name.as_str()));
    names.sort();
    Ok(names)
}

struct Tar<W: Write> {
    folder: String,
    tar: Builder<W>,
}

impl<W: Write> Tar<W> {
    fn add(&mut self, path: &str, content: &[u8], executable: bool) -> anyhow::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if executable { 0o755 } else { 0o644 });
        header.set_mtime(DATE);
        header.set_uid(0);
        header.set_gid(0);
        let path = format!("{}/{path}", self.folder);
        self.tar.append_data(&mut header, &path, content).with_context(|| path.clone())
    }
}

/// Without a date and a name of its own.
fn gzip<W: Write>(to: W) -> flate2::write::GzEncoder<W> {
    GzBuilder::new().mtime(0).write(to, Compression::best())
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
