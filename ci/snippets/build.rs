//! Prepares a Markdown file a page for skeptic: nothing but the inline Rust fences, under the ids of their sections and
//! on the lines they have in the page.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::Context;
use book::{Book, Edition, Snippet};

fn main() -> anyhow::Result<()> {
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("cargo sets it")?);
    let root = home.ancestors().nth(2).context("this crate lies in ci/snippets")?;
    println!("cargo::rerun-if-changed={}", root.join("src").display());
    let book = Book::open(root)?;
    let english = book::snippets(&book, Edition::En)?;
    let mut chinese = book::snippets(&book, Edition::Zh)?;
    let same = |one: &Snippet, other: &Snippet| one.page.path == other.page.path && one.content == other.content;
    chinese.retain(|snippet| !english.iter().any(|other| same(snippet, other)));

    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets it")?);
    let folder = out.join("pages");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let snippets = [english, chinese].concat();
    let mut files = Vec::new();
    for page in snippets.chunk_by(|one, next| one.page == next.page) {
        let file = folder.join(format!("{}_{}", page[0].page.edition, page[0].page.path.replace('/', "_")));
        fs::write(&file, prepared(page))?;
        files.push(file);
    }
    println!("cargo::rustc-env=SNIPPETS={}", snippets.len());
    // A book without an inline fence has no tests: skeptic would leave the file of an earlier build.
    fs::write(out.join("skeptic-tests.rs"), "")?;
    skeptic::generate_doc_tests(&files);
    Ok(())
}

/// The page as skeptic shall see it. The name of a test ends with the line on which its fence opens.
fn prepared(snippets: &[Snippet]) -> String {
    let (mut text, mut section) = (String::new(), None);
    for snippet in snippets {
        // The line above the fence takes the heading: where a new section begins, the page has its own heading above.
        let above = snippet.line.saturating_sub(2);
        text += &"\n".repeat(above.saturating_sub(text.lines().count()));
        if section != Some(&snippet.section) {
            section = Some(&snippet.section);
            text += "# ";
            text += snippet.section.as_deref().unwrap_or("top");
        }
        // skeptic counts from 0, and from the first line of the code.
        text += &format!("\n~~~~~~{}\n{}~~~~~~\n", snippet.info, snippet.content);
    }
    text
}
