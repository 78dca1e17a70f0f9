//! For readers that are programs: each page as Markdown at the same address, and `llms.txt` that lists them.

use std::fs;
use std::path::Path;

use anyhow::Context;
use book::{Book, Edition, Outline, Page};

use crate::directives::{Target, expand};

/// Writes `<page>.md` beside each page of `edition` below `out`, its directives resolved, and `llms.txt`. `out` is the
/// folder of the edition; `site_url` is where the English edition is served, when it is an absolute address.
///
/// # Errors
///
/// When a page cannot be read or expanded, or `out` not be written.
pub fn write(book: &Book, edition: Edition, out: &Path, site_url: &str) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for page in book.pages(edition) {
        let source = book.source(page)?;
        let twin = expand(book, page, &source, Target::Markdown)?;
        save(&out.join(&page.path), &tidy(&twin))?;
        entries.push(Entry { page, summary: summary(&source) });
    }
    save(&out.join("llms.txt"), &llms(edition, &entries, site_url))
}

struct Entry<'a> {
    page: &'a Page,
    summary: String,
}

/// The form that <https://llmstxt.org> asks for: title, summary in a quote, sections of links.
fn llms(edition: Edition, entries: &[Entry<'_>], site_url: &str) -> String {
    let (start, other) = match edition {
        Edition::En => ("Start here", "The same book in Chinese"),
        Edition::Zh => ("从这里开始", "本书的英文版"),
    };
    let colon = if edition == Edition::Zh { "：" } else { ": " };
    let absolute = site_url.starts_with("http").then(|| format!("{}/", site_url.trim_end_matches('/')));
    let below = |edition| if edition == Edition::Zh { "zh/" } else { "" };
    let base = absolute.as_ref().map_or(String::new(), |url| format!("{url}{}", below(edition)));
    let mut out = String::new();
    let mut part = None;
    for (at, Entry { page, summary }) in entries.iter().enumerate() {
        if at == 0 {
            out += &format!("# {}\n\n> {summary}\n", page.title);
        }
        if at == 0 || part != page.part.as_deref() {
            part = page.part.as_deref();
            out += &format!("\n## {}\n\n", part.unwrap_or(start));
        }
        let summary = if summary.is_empty() { String::new() } else { format!("{colon}{summary}") };
        out += &format!("- [{}]({base}{}){summary}\n", page.title, page.path);
    }
    let twin = match (&absolute, edition) {
        (Some(url), _) => format!("{url}{}llms.txt", below(edition.other())),
        (None, Edition::En) => "zh/llms.txt".to_owned(),
        (None, Edition::Zh) => "../llms.txt".to_owned(),
    };
    out + &format!("\n## Optional\n\n- [{other}]({twin})\n")
}

/// The first paragraph on one line.
fn summary(source: &str) -> String {
    Outline::of(source).summary.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most one empty line in a row, outside of fences.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut fence, mut empty) = (None::<String>, false);
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|char| *char == '`').collect();
        match &fence {
            None if ticks.len() >= 3 => fence = Some(ticks),
            Some(open) if line.trim_end() == ticks && ticks.len() >= open.len() => fence = None,
            _ => {}
        }
        if !(line.is_empty() && empty && fence.is_none()) {
            out.push_str(line);
            out.push('\n');
        }
        empty = line.is_empty();
    }
    out
}

fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(path, text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directives::testing::Fixture;

    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        for (edition, a, b) in [("en", "Rust OTLP", "Build it"), ("zh", "Rust OTLP", "构建")] {
            let summary = format!("# S\n\n[{a}](a.md)\n\n# P\n\n- [{b}](patterns/breaker/build.md)\n");
            fixture.write(&format!("src/{edition}/SUMMARY.md"), &summary);
            fixture.write(
                &format!("src/{edition}/a.md"),
                "# A\n\n**One** line\nand [more](patterns/breaker/build.md).\n\nNot this.\n",
            );
            fixture.write(
                &format!("src/{edition}/patterns/breaker/build.md"),
                "# B\n\n{{#trace trip}}\n\nSee [A](../../a.md#x).\n",
            );
        }
        fixture
    }

    #[test]
    fn a_twin_has_its_directives_resolved_and_links_to_twins() {
        let (fixture, out) = (fixture(), tempfile::tempdir().unwrap());
        let book = Book::open(fixture.path()).unwrap();
        write(&book, Edition::En, out.path(), "/").unwrap();
        let twin = fs::read_to_string(out.path().join("patterns/breaker/build.md")).unwrap();
        assert!(twin.starts_with("# B\n\n[`listings/patterns/breaker/telemetry/trip.json`]("), "{twin}");
        assert!(twin.contains("| └ `POST` |") && twin.ends_with("\n\nSee [A](../../a.md#x).\n"));
        assert!(!twin.contains("{{#") && !twin.contains("<svg") && !twin.contains("\n\n\n"));
    }

    #[test]
    fn llms_txt_lists_every_page() {
        let (fixture, out) = (fixture(), tempfile::tempdir().unwrap());
        let book = Book::open(fixture.path()).unwrap();
        let text = |edition, url| {
            write(&book, edition, out.path(), url).unwrap();
            fs::read_to_string(out.path().join("llms.txt")).unwrap()
        };
        assert_eq!(
            text(Edition::En, "/"),
            "# Rust OTLP\n\n> One line and more.\n\n## Start here\n\n- [Rust OTLP](a.md): One line and more.\n\n## P\n\n\
             - [Build it](patterns/breaker/build.md): See A.\n\n## Optional\n\n- [The same book in Chinese](zh/llms.txt)\n"
        );
        let zh = text(Edition::Zh, "https://example.org/book/");
        assert!(zh.contains("- [构建](https://example.org/book/zh/patterns/breaker/build.md)：See A.\n"), "{zh}");
        assert!(zh.ends_with("- [本书的英文版](https://example.org/book/llms.txt)\n"));
    }

    #[test]
    fn empty_lines_in_code_stay() {
        assert_eq!(tidy("a\n\n\nb\n````\n\n\n```\n````\n\n\nc\n"), "a\n\nb\n````\n\n\n```\n````\n\nc\n");
    }
}
