//! Prepares a Markdown file a page for skeptic: nothing but the inline Rust fences, under the ids of their sections.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Context;
use book::{Book, Edition, Snippet};

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("this crate lies in ci/snippets")?;
    println!("cargo::rerun-if-changed={}", root.join("src").display());
    let book = Book::open(root)?;
    let english = book::snippets(&book, Edition::En)?;
    let same =
        |snippet: &Snippet| english.iter().any(|en| en.page.path == snippet.page.path && en.content == snippet.content);
    let mut chinese = book::snippets(&book, Edition::Zh)?;
    chinese.retain(|snippet| !same(snippet));

    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for snippet in english.iter().chain(&chinese) {
        let edition = snippet.page.edition.code();
        let name = format!("{edition}_{}", snippet.page.path.replace('/', "_"));
        let text = pages.entry(name).or_default();
        let section = snippet.section.as_deref().unwrap_or("top");
        writeln!(text, "# {section}\n\n```{}\n{}```\n", snippet.info, snippet.content)?;
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets it")?).join("pages");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for (name, text) in pages {
        let file = folder.join(name);
        fs::write(&file, text)?;
        files.push(file);
    }
    println!("cargo::rustc-env=SNIPPETS={}", english.len() + chinese.len());
    skeptic::generate_doc_tests(&files);
    Ok(())
}
