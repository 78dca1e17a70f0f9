//! Directives: each becomes a figure on the page, and text or a table in the page's Markdown twin.
//!
//! A directive that cannot be shown as it should be is an error with file and line. Nothing is left out in silence.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, bail, ensure};
use book::{Book, Capture, Directive, DirectiveKind, Edition, Outline, Page, Problem};

mod archive;
mod bench;
mod dependencies;
mod listing;
mod output;
mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod words;

use words::Words;

/// What the directives are expanded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The page: mdBook renders what comes out.
    Html,
    /// The page's twin, at the same address with `.md`.
    Markdown,
}

/// Replaces every directive of `text`, the source of `page`.
///
/// # Errors
///
/// When a directive is malformed, or what it names is missing, empty or stale; a line each, with file and line.
pub fn expand(book: &Book, page: &Page, text: &str, target: Target) -> anyhow::Result<String> {
    let outline = Outline::of(text);
    let problem = |line, message: String| Problem::new(page.file(), line, message);
    let mut problems: Vec<Problem> =
        outline.problems.iter().map(|(line, message)| problem(*line, message.clone())).collect();
    let context = Context { book, page, target, words: words::words(page.edition) };
    let (mut figures, mut seen) = (HashMap::new(), HashMap::new());
    for (line, directive) in outline.directives() {
        let key = format!("{} {}", directive.kind.name(), directive.argument());
        if let Some(first) = seen.insert(key, line) {
            problems.push(problem(line, format!("line {first} has the same directive: show it once and link to it")));
            continue;
        }
        match context.show(directive) {
            Ok(figure) => drop(figures.insert(line, figure)),
            Err(error) => problems.push(problem(line, context.message(&error))),
        }
    }
    problems.sort_by_key(|problem| problem.line);
    book::fail_on(&problems)?;
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match figures.get(&(at + 1)) {
            // Empty lines keep the figure apart from the paragraphs around it.
            Some(figure) => out.push_str(&format!("\n{}\n\n", figure.trim_end())),
            None => out.push_str(line),
        }
    }
    Ok(out)
}

/// The files whose source the captions of `page` link to, relative to the root.
pub(crate) fn linked_files(book: &Book, page: &Page) -> anyhow::Result<Vec<String>> {
    let outline = Outline::of(&book.source(page)?);
    let context = Context { book, page, target: Target::Html, words: words::words(page.edition) };
    let file = |directive: &Directive| {
        let (slug, name) = context.locate(directive.argument())?;
        Ok(match directive.kind {
            DirectiveKind::Listing => Some(listing::file(&slug, &name)),
            DirectiveKind::Trace | DirectiveKind::Spans | DirectiveKind::Metrics | DirectiveKind::Logs => {
                Some(format!("listings/{slug}/telemetry/{name}.json"))
            }
            DirectiveKind::Bench => Some(format!("listings/{slug}/results/{name}.json")),
            _ => None,
        })
    };
    outline.directives().filter_map(|(_, directive)| file(directive).transpose()).collect()
}

/// Where a directive stands.
struct Context<'a> {
    book: &'a Book,
    page: &'a Page,
    target: Target,
    words: &'static Words,
}

impl Context<'_> {
    fn show(&self, directive: &Directive) -> anyhow::Result<String> {
        let (slug, name) = self.locate(directive.argument())?;
        match directive.kind {
            DirectiveKind::Listing => listing::show(self, &slug, &name),
            DirectiveKind::Output => output::show(self, &slug, &name),
            DirectiveKind::Trace => trace::show(self, &slug, &name),
            DirectiveKind::Spans => telemetry::spans(self, &slug, &name),
            DirectiveKind::Metrics => telemetry::metrics(self, &slug, &name),
            DirectiveKind::Logs => telemetry::logs(self, &slug, &name),
            DirectiveKind::Bench => bench::show(self, &slug, &name),
            DirectiveKind::Dependencies => dependencies::show(self, &slug),
            DirectiveKind::Archive => archive::show(self, &slug),
        }
    }

    /// The crate an argument is about and what it names there: `trip` belongs to the chapter's crate, `/telemetry/trip`
    /// to the crate `listings/telemetry`.
    fn locate(&self, argument: &str) -> anyhow::Result<(String, String)> {
        let Some(path) = argument.strip_prefix('/') else {
            let slug = self.book.listing_of(self.page);
            let slug =
                slug.context("this page has no crate in `listings/`: begin the argument with `/` and the crate")?;
            return Ok((slug.to_owned(), argument.to_owned()));
        };
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let slug = ends.map(|end| &path[..end]).find(|slug| self.book.is_crate(slug));
        let slug = slug.with_context(|| format!("there is no crate `listings/{path}`, nor above it"))?;
        Ok((slug.to_owned(), path[slug.len()..].trim_start_matches('/').to_owned()))
    }

    /// Where the source of a file can be read: in the repository, or on this site when it names none.
    fn link(&self, path: &str, lines: Option<(usize, usize)>) -> String {
        match (self.book.repository(), lines) {
            (Some(url), Some((first, last))) => format!("{url}/blob/HEAD/{path}#L{first}-L{last}"),
            (Some(url), None) => format!("{url}/blob/HEAD/{path}"),
            (None, Some((first, _))) => format!("{}{path}.html#L{first}", self.page.to_site_root()),
            (None, None) => format!("{}{path}.html", self.page.to_site_root()),
        }
    }

    fn folder(&self, slug: &str) -> std::path::PathBuf {
        self.book.listings_folder().join(slug)
    }

    fn capture(&self, slug: &str, name: &str) -> anyhow::Result<Capture> {
        Capture::load(&self.folder(slug), name)
    }

    /// `text` in the language of the page. English needs no label; Chinese has them beside its pages.
    fn label(&self, text: &str) -> anyhow::Result<String> {
        if self.page.edition == Edition::En {
            return Ok(text.to_owned());
        }
        let file = format!("src/zh/{}/labels.toml", self.page.folder()).replace("//", "/");
        let labels = std::fs::read_to_string(self.book.root().join(&file)).unwrap_or_default();
        let labels: BTreeMap<String, String> = toml::from_str(&labels).with_context(|| file.clone())?;
        match labels.get(text) {
            Some(label) => Ok(label.clone()),
            None => bail!("{file} has no label for it: \"{text}\" = \"…\""),
        }
    }

    /// An error on one line, with paths as in the repository.
    fn message(&self, error: &anyhow::Error) -> String {
        let root = format!("{}/", self.book.root().display());
        format!("{error:#}").replace(&root, "").replace('\n', " ")
    }
}

/// Fails when a figure would show nothing.
fn not_empty<T>(items: &[T], what: &str) -> anyhow::Result<()> {
    ensure!(!items.is_empty(), "there is nothing to show: the capture has no {what}");
    Ok(())
}

#[cfg(test)]
mod tests;
