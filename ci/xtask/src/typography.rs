//! How the Chinese pages are set: full-width punctuation, a space between Han and Latin.

use anyhow::Context;
use book::{Book, Edition, Page};

use crate::process::{command, run as execute};
use crate::root::root;

/// Reads the Chinese pages and the Chinese README with `autocorrect`, and shows what it would write.
pub fn run() -> anyhow::Result<()> {
    let book = Book::open(root())?;
    let pages = book.pages(Edition::Zh).iter().map(Page::file);
    let files = pages.chain(["src/zh/SUMMARY.md".into(), "README.zh.md".into()]);
    execute(command("python").arg("ci/tools/typography.py").args(files)).context("write what stands after the arrows")
}
