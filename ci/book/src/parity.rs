//! Whether both editions have the same structure: everything a program can compare.

use std::collections::{BTreeMap, BTreeSet};

use crate::summary::{Entry, EntryKind};
use crate::{Block, BlockKind, Book, Edition, Outline, Problem, files, snippets};

mod align;

use align::{Edit, align};

/// Every difference between the editions, and what is wrong with a page alone. Empty when all is well.
///
/// # Errors
///
/// When `src/` cannot be read.
pub fn check(book: &Book) -> anyhow::Result<Vec<Problem>> {
    let mut problems = contents(book);
    problems.extend(unlisted(book)?);
    for page in book.pages(Edition::En) {
        problems.extend(check_page(book, &page.path));
    }
    Ok(problems)
}

/// What is wrong with the page at `path`: with either side, and between the two.
pub fn check_page(book: &Book, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let sides = Edition::ALL.map(|edition| match side(book, edition, path) {
        Ok((outline, found)) => {
            problems.extend(found);
            Some(outline)
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    });
    if let [Some(en), Some(zh)] = sides {
        problems.extend(blocks(path, &en.blocks, &zh.blocks));
        problems.extend(links(path, &en.links, &zh.links));
    }
    problems
}

/// One side alone: its outline, and what is wrong with it.
fn side(book: &Book, edition: Edition, path: &str) -> Result<(Outline, Vec<Problem>), Problem> {
    let contents = format!("src/{edition}/SUMMARY.md");
    let page = book.page(edition, path).ok_or_else(|| Problem::new(&contents, 1, format!("`{path}` is not listed")))?;
    let text = book
        .source(page)
        .map_err(|error| Problem::new(page.file(), 1, format!("{contents} lists it, but: {}", error.root_cause())))?;
    let outline = Outline::of(&text);
    let mut problems: Vec<Problem> =
        outline.problems.iter().map(|(line, message)| Problem::new(page.file(), *line, message)).collect();
    problems.extend(headings(&page.file(), &outline));
    problems.extend(snippets::untested(page, &outline));
    Ok((outline, problems))
}

/// One title on top, and an id of its own for every heading below.
fn headings(file: &str, outline: &Outline) -> Vec<Problem> {
    let mut problems = Vec::new();
    let titles =
        outline.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Heading { level: 1, .. })).count();
    if titles != 1 {
        problems.push(Problem::new(file, 1, format!("a page has one title `# …`; this one has {titles}")));
    }
    let mut seen = BTreeMap::new();
    for (line, id) in outline.ids() {
        let plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let message = match id {
            None => "a heading needs an id that both editions share: `## … {#id}`".to_owned(),
            Some(id) if id.is_empty() || !plain(id) => {
                format!("`#{id}`: an id is made of ASCII letters, digits, - _ .")
            }
            Some(id) => match seen.insert(id, line) {
                Some(first) => format!("`#{id}` is taken by the heading on line {first}"),
                None => continue,
            },
        };
        problems.push(Problem::new(file, line, message));
    }
    problems
}

/// The contents: same pages and parts, in the same order, equally deep.
fn contents(book: &Book) -> Vec<Problem> {
    let [en, zh] = Edition::ALL.map(|edition| book.contents(edition));
    let key = |entry: &Entry| match &entry.kind {
        EntryKind::Part => "a part".to_owned(),
        EntryKind::Page { path, depth: 0 } => format!("`{path}`"),
        EntryKind::Page { path, depth } => format!("`{path}` on level {depth}"),
    };
    let keys = |entries: &[Entry]| entries.iter().map(key).collect::<Vec<_>>();
    let lines = |entries: &[Entry]| entries.iter().map(|entry| entry.line).collect::<Vec<_>>();
    let (en_keys, zh_keys) = (keys(en), keys(zh));
    let describe = |edition, at: usize| if edition == Edition::En { en_keys[at].clone() } else { zh_keys[at].clone() };
    report("SUMMARY.md", (&en_keys, &lines(en)), (&zh_keys, &lines(zh)), describe)
}

/// Pages on one side only, or that no contents list.
fn unlisted(book: &Book) -> anyhow::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for edition in Edition::ALL {
        let base = book.root().join("src").join(edition.code());
        let listed: BTreeSet<&str> = book.pages(edition).iter().map(|page| page.path.as_str()).collect();
        for file in files(&base)? {
            let path = file.strip_prefix(&base)?.to_string_lossy().replace('\\', "/");
            if path.ends_with(".md") && path != "SUMMARY.md" && !listed.contains(path.as_str()) {
                let message = format!("this page is not in src/{edition}/SUMMARY.md: list it or delete it");
                problems.push(Problem::new(format!("src/{edition}/{path}"), 1, message));
            }
        }
    }
    Ok(problems)
}

/// Headings, fences, directives, tables and quotes, all in one sequence: what moved is a difference too.
fn blocks(path: &str, en: &[Block], zh: &[Block]) -> Vec<Problem> {
    let keys = |blocks: &[Block]| blocks.iter().map(key).collect::<Vec<_>>();
    let lines = |blocks: &[Block]| blocks.iter().map(|block| block.line).collect::<Vec<_>>();
    let describe = |edition, at: usize| name(if edition == Edition::En { &en[at] } else { &zh[at] });
    report(path, (&keys(en), &lines(en)), (&keys(zh), &lines(zh)), describe)
}

/// What must be equal on both sides.
fn key(block: &Block) -> String {
    match &block.kind {
        // The labels of a diagram are in the language of the page: its length is what they have in common.
        BlockKind::Fence { info, content } if info == "mermaid" => format!("mermaid {}", content.lines().count()),
        BlockKind::Fence { info, content } => format!("```{info}\n{content}"),
        _ => name(block),
    }
}

/// How a message names a block.
fn name(block: &Block) -> String {
    match &block.kind {
        BlockKind::Heading { level, .. } => match &block.section {
            Some(id) => format!("the level-{level} heading #{id}"),
            None => format!("a level-{level} heading"),
        },
        BlockKind::Fence { info, content } if info.is_empty() => {
            format!("a fence of {} lines", content.lines().count())
        }
        BlockKind::Fence { info, content } => {
            let first = content.lines().next().unwrap_or_default();
            format!("the {info} fence `{first}` of {} lines", content.lines().count())
        }
        BlockKind::Directive(directive) => {
            let text = format!("{} {}", directive.kind.name(), directive.argument());
            format!("{{{{#{}}}}}", text.trim_end())
        }
        BlockKind::Table { rows, columns } => format!("a table of {rows} rows and {columns} columns"),
        BlockKind::Quote { kind: Some(kind) } => format!("[!{kind}]"),
        BlockKind::Quote { kind: None } => "a quote".to_owned(),
    }
}

/// Turns the differences of two sequences into problems of the Chinese file that name the English one.
fn report(
    path: &str,
    (en, en_lines): (&[String], &[usize]),
    (zh, zh_lines): (&[String], &[usize]),
    describe: impl Fn(Edition, usize) -> String,
) -> Vec<Problem> {
    let (en_file, zh_file) = (format!("src/en/{path}"), format!("src/zh/{path}"));
    let line = |lines: &[usize], at: usize| lines.get(at).or(lines.last()).copied().unwrap_or(1);
    let problem = |edit: Edit| {
        let (at, message) = match edit {
            Edit::Differs { en: left, zh: right } => {
                let (here, there) = (describe(Edition::Zh, right), describe(Edition::En, left));
                let detail = match first_difference(&en[left], &zh[right]) {
                    Some(detail) if here == there => detail,
                    _ => String::new(),
                };
                (right, format!("{here}, but {en_file}:{} has {there}{detail}", en_lines[left]))
            }
            Edit::Missing { en: left, zh: right } => {
                let there = describe(Edition::En, left);
                (right, format!("before this, {there} is missing, which {en_file}:{} has", en_lines[left]))
            }
            Edit::Extra { en: left, zh: right } => {
                let here = describe(Edition::Zh, right);
                (right, format!("{here}, which {en_file} does not have before line {}", line(en_lines, left)))
            }
        };
        Problem::new(&zh_file, line(zh_lines, at), message)
    };
    align(en, zh).into_iter().map(problem).collect()
}

/// The first line in which two fences differ.
fn first_difference(en: &str, zh: &str) -> Option<String> {
    let (mut en, mut zh) = (en.lines(), zh.lines());
    for number in 0.. {
        match (en.next(), zh.next()) {
            (None, None) => return None,
            (left, right) if left == right => {}
            (left, right) => {
                let [here, there] = [right, left].map(|line| line.map_or("nothing".into(), |line| format!("`{line}`")));
                return Some(format!("; in line {number} of the fence: {here} here, {there} there"));
            }
        }
    }
    None
}

/// Link targets, whatever their order: sentences are built differently.
fn links(path: &str, en: &[(usize, String)], zh: &[(usize, String)]) -> Vec<Problem> {
    let keyed = |links: &[(usize, String)]| {
        let mut by_target = BTreeMap::<String, Vec<usize>>::new();
        for (line, target) in links {
            by_target.entry(without_locale(target)).or_default().push(*line);
        }
        by_target
    };
    let (en, zh) = (keyed(en), keyed(zh));
    let (en_file, zh_file) = (format!("src/en/{path}"), format!("src/zh/{path}"));
    let mut problems = Vec::new();
    for target in en.keys().chain(zh.keys()).collect::<BTreeSet<_>>() {
        let none = Vec::new();
        let (left, right) = (en.get(target).unwrap_or(&none), zh.get(target).unwrap_or(&none));
        if left.len() != right.len() {
            let lines = |lines: &[usize]| match lines {
                [] => "nowhere".to_owned(),
                _ => format!("on line {}", lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
            };
            let line = right.first().copied().unwrap_or(1);
            let message = format!("`{target}` is linked {}, in {en_file} {}", lines(right), lines(left));
            problems.push(Problem::new(&zh_file, line, message));
        }
    }
    problems
}

/// A link to another site may lead to its pages in the reader's language: those have the same address, locale aside.
fn without_locale(target: &str) -> String {
    const LOCALES: [&str; 8] = ["en", "en-us", "en_us", "zh", "zh-cn", "zh_cn", "zh-hans", "cn"];
    if !target.starts_with("http") {
        return target.to_owned();
    }
    let segments = target.split('/').filter(|segment| !LOCALES.contains(&segment.to_ascii_lowercase().as_str()));
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
