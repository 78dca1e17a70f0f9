//! The preprocessor: the gates that every build passes, then what the directives become.

use std::io::{Read, Write};

use anyhow::{Context, bail};
use book::{Book, Edition};
use mdbook_preprocessor::book::{Book as Chapters, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::diagrams;
use crate::directives::{self, Target};

/// Expands the directives of one edition.
pub struct Expand {
    book: Book,
    edition: Edition,
}

impl Expand {
    /// For one edition of `book`.
    pub fn new(book: Book, edition: Edition) -> Self {
        Self { book, edition }
    }

    fn page(&self, path: &str, text: &str) -> anyhow::Result<String> {
        let page = self.book.page(self.edition, path).with_context(|| format!("{path} is not in the contents"))?;
        book::fail_on(&diagrams::check(&page.file(), text))?;
        directives::expand(&self.book, page, text, Target::Html)
    }
}

impl Preprocessor for Expand {
    fn name(&self) -> &str {
        "site"
    }

    fn run(&self, _: &PreprocessorContext, mut chapters: Chapters) -> anyhow::Result<Chapters> {
        let mut problems = Vec::new();
        chapters.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else { return };
            let Some(path) = &chapter.source_path else { return };
            match self.page(&path.to_string_lossy().replace('\\', "/"), &chapter.content) {
                Ok(expanded) => chapter.content = expanded,
                Err(error) => problems.push(format!("{error:#}")),
            }
        });
        if !problems.is_empty() {
            bail!("{}", problems.join("\n"));
        }
        Ok(chapters)
    }
}

/// What mdBook runs: reads a book, checks that the editions agree, writes the book with its directives expanded.
///
/// # Errors
///
/// When a gate or a directive fails; each line of the error names a file and a line.
pub fn run(input: impl Read, output: impl Write) -> anyhow::Result<()> {
    let (context, chapters) = mdbook_preprocessor::parse_input(input)?;
    let book = Book::open(&context.root)?;
    book::fail_on(&book::parity::check(&book)?)?;
    let chapters = Expand::new(book, Edition::En).run(&context, chapters)?;
    serde_json::to_writer(output, &chapters)?;
    Ok(())
}
