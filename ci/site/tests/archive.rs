//! The archives of the real listings: deterministic, complete, and they build by themselves.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use book::Book;
use flate2::read::GzDecoder;

/// The listing whose archive is unpacked and built: the one that a page offers.
const SLUG: &str = "patterns/circuit-breaker";

fn book() -> Book {
    Book::open(fs::canonicalize("../..").unwrap()).unwrap()
}

fn archive(book: &Book, slug: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    site::archive::write(book, slug, &mut bytes).unwrap();
    bytes
}

/// Unpacks the archive of the listing below `to`; returns its folder. A file that is there already and has not changed
/// keeps its date, so that Cargo does not build it again.
fn unpack(to: &Path) -> PathBuf {
    let folder = to.join(name());
    let mut stale: BTreeSet<PathBuf> = book::files(&folder).unwrap_or_default().into_iter().collect();
    for entry in tar::Archive::new(GzDecoder::new(&archive(&book(), SLUG)[..])).entries().unwrap() {
        let mut entry = entry.unwrap();
        let (path, mut content) = (to.join(entry.path().unwrap()), Vec::new());
        entry.read_to_end(&mut content).unwrap();
        if fs::read(&path).ok().as_ref() != Some(&content) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
        }
        stale.remove(&path);
    }
    for path in stale {
        fs::remove_file(path).unwrap();
    }
    folder
}

/// What the crate is called.
fn name() -> &'static str {
    SLUG.rsplit('/').next().unwrap()
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    let book = book();
    for slug in book.listings().unwrap() {
        assert!(archive(&book, &slug) == archive(&book, &slug), "{slug}");
    }
}

#[test]
fn holds_the_listing_and_what_it_needs_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = unpack(folder.path());
    let paths: Vec<String> = book::files(&folder)
        .unwrap()
        .iter()
        .map(|file| file.strip_prefix(&folder).unwrap().to_string_lossy().into_owned())
        .collect();
    let at_root: Vec<&str> = paths.iter().map(String::as_str).filter(|path| !path.contains('/')).collect();
    let expected =
        ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "clippy.toml", "rustfmt.toml"];
    assert_eq!(at_root, expected);
    let crates: BTreeSet<&str> = paths.iter().filter_map(|path| path.strip_suffix("/Cargo.toml")).collect();
    assert_eq!(crates, BTreeSet::from(["listings/telemetry", "listings/testkit", &format!("listings/{SLUG}")]));
    for path in &paths {
        let text = fs::read_to_string(folder.join(path)).unwrap_or_default();
        assert!(!text.lines().any(|line| line.trim_start().starts_with("// ANCHOR")), "{path} has an anchor");
    }
}

#[test]
fn headers_carry_nothing_of_this_machine() {
    let bytes = archive(&book(), SLUG);
    let mut gzip = GzDecoder::new(&bytes[..]);
    gzip.read_exact(&mut [0]).unwrap();
    assert_eq!(gzip.header().unwrap().mtime(), 0);
    for entry in tar::Archive::new(GzDecoder::new(&bytes[..])).entries().unwrap() {
        let header = entry.unwrap().header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 946_684_800));
        assert!([0o644, 0o755].contains(&header.mode().unwrap()));
    }
}

/// The listing with its tests and benches, by the archive's own lock file, offline. In a target folder of its own: Cargo
/// takes equal paths in two workspaces for one crate, and would trust what it built here.
#[test]
fn builds_by_itself() {
    let archives = target().join("archives");
    let folder = unpack(&archives);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--locked", "--offline", "--all-targets", "--package", name()]).current_dir(&folder);
    cargo.env("CARGO_TARGET_DIR", archives.join("target"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The folder this test was built in.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).unwrap().to_path_buf()
}
