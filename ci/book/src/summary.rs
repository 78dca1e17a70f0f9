//! `SUMMARY.md`: which pages there are, and in which order.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::outline::Lines;

/// One line of the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub line: usize,
    pub title: String,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// The title of a part.
    Part,
    /// A page, and how deep it stands: 0 outside of lists.
    Page { path: String, depth: usize },
}

/// The entries of a `SUMMARY.md`; its own title is not one.
pub(crate) fn parse(text: &str) -> Vec<Entry> {
    let lines = Lines::of(text);
    let (mut entries, mut depth, mut headings) = (Vec::<Entry>::new(), 0, 0);
    let mut open: Option<Entry> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        let line = lines.line(range.start);
        match event {
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Heading { .. }) => {
                headings += 1;
                open = (headings > 1 || !entries.is_empty()).then(|| Entry {
                    line,
                    title: String::new(),
                    kind: EntryKind::Part,
                });
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let kind = EntryKind::Page { path: dest_url.into_string(), depth };
                open = Some(Entry { line, title: String::new(), kind });
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(entry) = &mut open {
                    entry.title.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_) | TagEnd::Link) => entries.extend(open.take()),
            _ => {}
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_pages_and_depth() {
        let text =
            "# Summary\n\n[Rust OTLP](a.md)\n\n# Part `one`\n\n- [B](p/index.md)\n  - [C `d`](p/c.md)\n- [E](e.md)\n";
        let seen: Vec<String> = parse(text)
            .into_iter()
            .map(|entry| match entry.kind {
                EntryKind::Part => format!("{} {}", entry.line, entry.title),
                EntryKind::Page { path, depth } => format!("{} {} {path} {depth}", entry.line, entry.title),
            })
            .collect();
        assert_eq!(seen, ["3 Rust OTLP a.md 0", "5 Part one", "7 B p/index.md 1", "8 C d p/c.md 2", "9 E e.md 1"]);
    }
}
