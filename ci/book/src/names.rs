//! Tests that a page names. A table that sends its reader to a test is wrong when the test has another name by now.

use std::collections::HashSet;

use pulldown_cmark::{Event, Options, Parser};

use crate::outline::Lines;
use crate::{Book, Edition, Problem, files};

/// Names of this many words or more are those of tests: the field's own are shorter, but for features of Cargo that are
/// experimental.
const WORDS: usize = 4;

/// The names in `code` on all pages that are nowhere in the code of the book.
///
/// # Errors
///
/// When a page or a source cannot be read.
pub fn check(book: &Book) -> anyhow::Result<Vec<Problem>> {
    let known = known(book)?;
    let mut problems = Vec::new();
    for edition in Edition::ALL {
        for page in book.pages(edition) {
            let unknown = named(&book.source(page)?).into_iter().filter(|(_, name)| !known.contains(name));
            problems.extend(unknown.map(|(line, name)| {
                let message = format!("`{name}` is nowhere in listings/ or ci/: is it called something else now?");
                Problem::new(page.file(), line, message)
            }));
        }
    }
    Ok(problems)
}

/// Every word of the sources that could be the name of a test.
fn known(book: &Book) -> anyhow::Result<HashSet<String>> {
    let mut known = HashSet::new();
    for folder in ["listings", "ci"] {
        for file in files(book.root().join(folder))? {
            if file
                .extension()
                .is_some_and(|extension| ["json", "rs", "toml", "yaml"].iter().any(|read| extension == *read))
            {
                let text = std::fs::read_to_string(file)?;
                let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                known.extend(words.filter(|word| is_name(word)).map(str::to_owned));
            }
        }
    }
    Ok(known)
}

/// The names on a page, each with its line.
fn named(page: &str) -> Vec<(usize, String)> {
    let lines = Lines::of(page);
    let events = Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter();
    let name = |(event, place): (Event, std::ops::Range<usize>)| match event {
        Event::Code(code) if is_name(&code) => Some((lines.line(place.start), code.into_string())),
        _ => None,
    };
    events.filter_map(name).collect()
}

fn is_name(word: &str) -> bool {
    let is_plain = word.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_');
    is_plain && !word.starts_with("experimental_") && word.split('_').filter(|part| !part.is_empty()).count() >= WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_tests_in_text_and_tables_and_not_in_fences() {
        let page = "# A\n\nSee `one_of_the_tests`, `with_three_words`, `A_B_C_D`.\n\n```rust\n`not_this_one_here`\n```\n\n\
                    | a | b |\n|---|---|\n| `x` | `another_of_the_tests`, `and_one_more_test` |\n";
        let names = [(3, "one_of_the_tests"), (11, "another_of_the_tests"), (11, "and_one_more_test")];
        assert_eq!(named(page), names.map(|(line, name)| (line, name.to_owned())));
    }
}
