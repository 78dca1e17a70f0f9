//! The structure of a page: what both editions must have in common.

use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::directive::Directive;

/// Something that both sides of a pair have, at the same place in the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line it begins on, counted from 1.
    pub line: usize,
    /// The id of the section it stands in; of a heading: its own.
    pub section: Option<String>,
    /// What it is.
    pub kind: BlockKind,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading with its level from 1 to 6.
    Heading {
        /// 1 to 6.
        level: usize,
        /// Its text, without the id.
        text: String,
    },
    /// A fenced code block.
    Fence {
        /// What stands behind the opening fence: `rust,should_panic`.
        info: String,
        /// Its lines.
        content: String,
    },
    /// A directive.
    Directive(Directive),
    /// A table.
    Table {
        /// Without the head.
        rows: usize,
        /// Of the head.
        columns: usize,
    },
    /// `> [!NOTE]` and its kin, or a plain block quote.
    Quote {
        /// `NOTE`, `TIP`, `IMPORTANT`, `WARNING`, `CAUTION`; nothing for a plain one.
        kind: Option<&'static str>,
    },
}

/// What a page is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// In the order of the page.
    pub blocks: Vec<Block>,
    /// Targets of links and images, with their lines.
    pub links: Vec<(usize, String)>,
    /// The first paragraph as plain text.
    pub summary: String,
    /// What is wrong with the page alone, with lines.
    pub problems: Vec<(usize, String)>,
}

impl Outline {
    /// Reads a page with the options mdBook uses.
    pub fn of(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_DEFINITION_LIST
            | Options::ENABLE_GFM;
        let mut reader =
            Reader { text, lines: Lines::of(text), outline: Self::default(), section: None, open: Open::Nothing };
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reader.take(event, range);
        }
        reader.outline
    }

    /// The ids of its headings with their lines.
    pub fn ids(&self) -> impl Iterator<Item = (usize, Option<&str>)> {
        let headings = self.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Heading { level: 2.., .. }));
        headings.map(|block| (block.line, block.section.as_deref()))
    }

    /// The directives with their lines.
    pub fn directives(&self) -> impl Iterator<Item = (usize, &Directive)> {
        self.blocks.iter().filter_map(|block| match &block.kind {
            BlockKind::Directive(directive) => Some((block.line, directive)),
            _ => None,
        })
    }
}

/// What the events are inside of.
enum Open {
    Nothing,
    Heading {
        line: usize,
        level: HeadingLevel,
        text: String,
    },
    Fence {
        line: usize,
        info: String,
        content: String,
    },
    Table {
        line: usize,
        rows: usize,
        columns: usize,
    },
    /// A paragraph at the top of the page: the only place for a directive.
    Paragraph,
}

struct Reader<'text> {
    text: &'text str,
    lines: Lines,
    outline: Outline,
    section: Option<String>,
    open: Open,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        let line = self.lines.line(range.start);
        match event {
            Event::Start(tag) => self.start(tag, line),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, range.start),
            Event::Code(code) => self.words(&code),
            Event::SoftBreak | Event::HardBreak => self.words(" "),
            Event::Html(html) | Event::InlineHtml(html) if html.contains("{{#") => self.stray(line),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, line: usize) {
        match tag {
            Tag::Heading { level, id, .. } => {
                self.section = id.map(|id| id.into_string());
                self.open = Open::Heading { line, level, text: String::new() };
            }
            Tag::CodeBlock(kind) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.open = Open::Fence { line, info, content: String::new() };
            }
            Tag::Table(columns) => self.open = Open::Table { line, rows: 0, columns: columns.len() },
            Tag::TableRow => {
                if let Open::Table { rows, .. } = &mut self.open {
                    *rows += 1;
                }
            }
            Tag::BlockQuote(kind) => self.push(line, BlockKind::Quote { kind: kind.map(quote_name) }),
            Tag::Paragraph => self.open = Open::Paragraph,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.outline.links.push((line, dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        if !matches!(tag, TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table | TagEnd::Paragraph) {
            return;
        }
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Heading { line, level, text } => self.push(line, BlockKind::Heading { level: level as usize, text }),
            Open::Fence { line, info, content } => self.push(line, BlockKind::Fence { info, content }),
            Open::Table { line, rows, columns } => self.push(line, BlockKind::Table { rows, columns }),
            Open::Paragraph if !self.outline.summary.is_empty() => self.outline.summary.push('\n'),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, offset: usize) {
        if let Open::Fence { content, .. } = &mut self.open {
            return content.push_str(text);
        }
        // The parser may hand out a line in pieces: what counts is how the line begins.
        if let Some(at) = text.find("{{#") {
            let line = self.lines.line(offset + at);
            let source = self.lines.text(self.text, line);
            match (&self.open, source.starts_with("{{#")) {
                (Open::Paragraph, true) => match source.parse() {
                    Ok(directive) => self.push(line, BlockKind::Directive(directive)),
                    Err(message) => self.outline.problems.push((line, message)),
                },
                _ => self.stray(line),
            }
        } else {
            self.words(text);
        }
    }

    /// Plain words of a heading or of the first paragraph.
    fn words(&mut self, words: &str) {
        match &mut self.open {
            Open::Heading { text, .. } => text.push_str(words),
            Open::Paragraph if !self.outline.summary.ends_with('\n') => self.outline.summary.push_str(words),
            _ => {}
        }
    }

    fn push(&mut self, line: usize, kind: BlockKind) {
        self.outline.blocks.push(Block { line, section: self.section.clone(), kind });
    }

    fn stray(&mut self, line: usize) {
        let message = "`{{#` in the middle of something: a directive stands alone on its line, at its beginning";
        self.outline.problems.push((line, message.to_owned()));
    }
}

fn quote_name(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "NOTE",
        BlockQuoteKind::Tip => "TIP",
        BlockQuoteKind::Important => "IMPORTANT",
        BlockQuoteKind::Warning => "WARNING",
        BlockQuoteKind::Caution => "CAUTION",
    }
}

/// From an offset to its line.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        Self { starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect() }
    }

    /// Counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    fn text<'text>(&self, text: &'text str, line: usize) -> &'text str {
        let start = self.starts[line - 1];
        text[start..].lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<String> {
        let block = |block: &Block| {
            let section = block.section.as_deref().unwrap_or("-");
            format!("{} {section} {:?}", block.line, block.kind)
        };
        Outline::of(text).blocks.iter().map(block).collect()
    }

    #[test]
    fn blocks_in_order() {
        let text = "# T\n\nFirst *paragraph*.\n\n## A `b` {#a}\n\n{{#trace trip}}\n\n```rust\nlet a = 1;\n```\n\n\
                    | x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n> [!NOTE]\n> Well.\n\n> Plain.\n";
        assert_eq!(
            seen(text),
            [
                r#"1 - Heading { level: 1, text: "T" }"#,
                r#"5 a Heading { level: 2, text: "A b" }"#,
                r#"7 a Directive(Directive { kind: Trace, argument: Some("trip") })"#,
                r#"9 a Fence { info: "rust", content: "let a = 1;\n" }"#,
                r#"13 a Table { rows: 2, columns: 2 }"#,
                r#"18 a Quote { kind: Some("NOTE") }"#,
                r#"21 a Quote { kind: None }"#,
            ]
        );
        let outline = Outline::of(text);
        assert_eq!(outline.summary.trim(), "First paragraph.");
        assert_eq!(outline.problems, []);
        assert_eq!(outline.ids().collect::<Vec<_>>(), [(5, Some("a"))]);
    }

    #[test]
    fn links_and_images() {
        let outline = Outline::of("# T\n\n[a](b.md#c) and ![d](e.png)\n<https://example.org/>\n");
        let targets: Vec<_> = outline.links.iter().map(|(line, target)| (*line, target.as_str())).collect();
        assert_eq!(targets, [(3, "b.md#c"), (3, "e.png"), (4, "https://example.org/")]);
    }

    #[test]
    fn directives_in_code_are_text() {
        let outline = Outline::of("# T\n\nA `{{#listing …}}`.\n\n```text\n{{#trace trip}}\n```\n");
        assert_eq!((outline.directives().count(), outline.problems.len()), (0, 0));
    }

    #[test]
    fn strays_are_problems() {
        let problems = |text: &str| Outline::of(text).problems;
        assert_eq!(problems("# T\n\nSee {{#trace trip}}\n")[0].0, 3);
        assert_eq!(problems("- {{#trace trip}}\n").len(), 1);
        assert_eq!(problems("| {{#trace trip}} |\n|---|\n").len(), 1);
        assert_eq!(problems("<div>\n{{#trace trip}}\n</div>\n").len(), 1);
        assert!(problems("{{#include x.rs}}\n")[0].1.contains("no directive `include`"));
    }
}
