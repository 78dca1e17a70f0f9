//! Fingerprints of sources, and the date they were taken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::files;

/// SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

/// `sha256:…` over the file, or over every file below the folder, `path` below `root`: names and contents.
///
/// # Errors
///
/// When `path` is missing, holds no file, or cannot be read.
pub fn hash_source(root: &Path, path: &str) -> anyhow::Result<String> {
    let base = root.join(path);
    let files = files(&base)?;
    anyhow::ensure!(!files.is_empty(), "{}: no file to hash", base.display());
    let mut hash = Sha256::new();
    for file in files {
        let name = file.strip_prefix(&base)?.to_string_lossy().replace('\\', "/");
        let content = std::fs::read(&file).with_context(|| file.display().to_string())?;
        // Lengths stand before names and contents, so that no two trees give the same bytes.
        for part in [name.as_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(format!("sha256:{}", hex(&hash.finalize())))
}

/// The [`hash_source`] of each of `paths`, as a result file keeps them in its `sources`.
///
/// # Errors
///
/// As for [`hash_source`].
pub fn hash_sources(root: &Path, paths: &[impl AsRef<str>]) -> anyhow::Result<BTreeMap<String, String>> {
    paths.iter().map(|path| Ok((path.as_ref().to_owned(), hash_source(root, path.as_ref())?))).collect()
}

/// Today in UTC, as `2026-11-24`.
pub fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    civil(now.as_secs() / 86_400)
}

/// The date `days` after 1970-01-01. The algorithm is Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> String {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn dates() {
        assert_eq!(civil(0), "1970-01-01");
        assert_eq!(civil(11_016), "2000-02-29");
        assert_eq!(civil(20_781), "2026-11-24");
        assert_eq!(today().len(), 10);
    }

    #[test]
    fn sees_names_and_contents_and_nothing_else() {
        let hash = |files: &[(&str, &str)]| hash_source(tree(files).path(), "src").unwrap();
        let same = hash(&[("src/a.rs", "a"), ("src/b/c.rs", "c")]);
        assert_eq!(same, hash(&[("src/b/c.rs", "c"), ("src/a.rs", "a"), ("src/target/x", "x"), ("src/.hidden", "x")]));
        assert_ne!(same, hash(&[("src/a.rs", "b"), ("src/b/c.rs", "c")]));
        assert_ne!(same, hash(&[("src/d.rs", "a"), ("src/b/c.rs", "c")]));
        assert!(same.starts_with("sha256:") && same.len() == 7 + 64);
    }

    #[test]
    fn a_missing_or_empty_source_is_an_error() {
        let root = tree(&[("src/a.rs", "a"), ("empty/.keep", "")]);
        assert_eq!(hash_sources(root.path(), &["src"]).unwrap().len(), 1);
        assert!(hash_sources(root.path(), &["gone"]).is_err());
        assert!(format!("{:#}", hash_source(root.path(), "empty").unwrap_err()).contains("no file to hash"));
    }
}
