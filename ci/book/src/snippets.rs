//! Rust fences that stand in the text itself.

use crate::{Block, BlockKind, Book, Edition, Outline, Page, Problem, fail_on};

/// One inline Rust fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The page it stands on.
    pub page: Page,
    /// The id of its section; `None` above the first.
    pub section: Option<String>,
    /// The line of its opening fence.
    pub line: usize,
    /// `rust` or `rust,should_panic`.
    pub info: String,
    /// The code.
    pub content: String,
}

/// The inline Rust fences of an edition, in the order of the book. Each is compiled and run, so nothing but `rust` and
/// `rust,should_panic` may stand behind the fence: what must not compile is a doctest of the listing, embedded as a
/// region.
///
/// # Errors
///
/// When a page cannot be read, or a fence would not be tested.
pub fn snippets(book: &Book, edition: Edition) -> anyhow::Result<Vec<Snippet>> {
    let (mut snippets, mut problems) = (Vec::new(), Vec::new());
    for page in book.pages(edition) {
        let outline = Outline::of(&book.source(page)?);
        problems.extend(untested(page, &outline));
        for Block { line, section, kind } in outline.blocks {
            if let BlockKind::Fence { info, content } = kind
                && is_rust(&info)
            {
                snippets.push(Snippet { page: page.clone(), section, line, info, content });
            }
        }
    }
    fail_on(&problems)?;
    Ok(snippets)
}

/// The Rust fences of a page that no test would run.
pub(crate) fn untested(page: &Page, outline: &Outline) -> Vec<Problem> {
    let problem = |block: &Block| match &block.kind {
        BlockKind::Fence { info, .. } if is_rust(info) && !["rust", "rust,should_panic"].contains(&info.as_str()) => {
            let message = format!(
                "a fence `{info}` is not tested: write `rust` or `rust,should_panic`, or embed a region of the listing"
            );
            Some(Problem::new(page.file(), block.line, message))
        }
        _ => None,
    };
    outline.blocks.iter().filter_map(problem).collect()
}

fn is_rust(info: &str) -> bool {
    info.split([',', ' ']).any(|word| word.eq_ignore_ascii_case("rust") || word.eq_ignore_ascii_case("rs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pair;

    #[test]
    fn every_rust_fence_with_its_section() {
        let text =
            "# T\n\n```rust\nlet a = 1;\n```\n\n## S {#s}\n\n```text\nx\n```\n\n```rust,should_panic\npanic!();\n```\n";
        let root = pair(text, text);
        let snippets = snippets(&Book::open(root.path()).unwrap(), Edition::Zh).unwrap();
        let seen: Vec<_> =
            snippets.iter().map(|s| (s.line, s.section.as_deref(), s.info.as_str(), s.content.as_str())).collect();
        assert_eq!(seen, [(3, None, "rust", "let a = 1;\n"), (13, Some("s"), "rust,should_panic", "panic!();\n")]);
    }

    #[test]
    fn a_fence_that_no_test_runs_is_an_error() {
        for info in ["rust,ignore", "rust,no_run", "rust,compile_fail", "rust ignore", "Rust", "rs"] {
            let text = format!("# T\n\n```{info}\nx\n```\n");
            let root = pair(&text, &text);
            let error = snippets(&Book::open(root.path()).unwrap(), Edition::En).unwrap_err().to_string();
            assert!(error.starts_with(&format!("src/en/a.md:3: a fence `{info}` is not tested")), "{error}");
        }
    }
}
