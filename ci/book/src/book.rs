//! The book: two editions of the same pages.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::summary::{self, Entry, EntryKind};

/// A language of the whole book. Neither is the source of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edition {
    /// English, at the site's root.
    En,
    /// Simplified Chinese, below `/zh/`.
    Zh,
}

impl Edition {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// `en` or `zh`: the folder below `src/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Where mdBook looks for `git-repository-url` first.
const REPOSITORY: &str = "MDBOOK_OUTPUT__HTML__GIT_REPOSITORY_URL";

/// One page of one edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whose page it is.
    pub edition: Edition,
    /// `patterns/circuit-breaker/build.md`: the same in both editions.
    pub path: String,
    /// Its title in the contents.
    pub title: String,
    /// The part it stands in.
    pub part: Option<String>,
}

impl Page {
    /// The file, relative to the root: `src/en/patterns/circuit-breaker/build.md`.
    pub fn file(&self) -> String {
        format!("src/{}/{}", self.edition, self.path)
    }

    /// The folder, empty for a page at the top: the slug of a chapter's page.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// From the finished page up to the site's root, where both editions and the listings' files lie.
    pub fn to_site_root(&self) -> String {
        let depth = self.path.matches('/').count() + usize::from(self.edition == Edition::Zh);
        "../".repeat(depth)
    }
}

/// The repository, read as a book.
#[derive(Debug, Clone)]
pub struct Book {
    root: PathBuf,
    repository: Option<String>,
    contents: [Vec<Entry>; 2],
    pages: [Vec<Page>; 2],
}

#[derive(Default, Deserialize)]
struct BookToml {
    #[serde(default)]
    output: Outputs,
}

#[derive(Default, Deserialize)]
struct Outputs {
    #[serde(default)]
    html: Html,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Html {
    git_repository_url: Option<String>,
}

impl Book {
    /// Reads `book.toml` and the contents of both editions. What is wrong between the pages is left to [`crate::parity`].
    ///
    /// # Errors
    ///
    /// When `book.toml` or a `SUMMARY.md` is missing or not understood.
    pub fn open(root: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let root = root.into();
        let config: BookToml = toml::from_str(&read(&root, "book.toml")?).context("book.toml")?;
        // mdBook lets the environment override its file, and the publishing workflow does.
        let url = std::env::var(REPOSITORY).ok().or(config.output.html.git_repository_url);
        let mut book = Self {
            root,
            repository: url.map(|url| url.trim_matches(['"', '/']).to_owned()).filter(|url| !url.is_empty()),
            contents: [Vec::new(), Vec::new()],
            pages: [Vec::new(), Vec::new()],
        };
        for edition in Edition::ALL {
            let entries = summary::parse(&read(&book.root, &format!("src/{edition}/SUMMARY.md"))?);
            book.pages[edition as usize] = pages(edition, &entries);
            book.contents[edition as usize] = entries;
        }
        Ok(book)
    }

    /// The repository's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the companion crates are.
    pub fn listings_folder(&self) -> PathBuf {
        self.root.join("listings")
    }

    /// mdBook's `output.html.git-repository-url`, when there is one.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }

    /// The pages of an edition, in the order of its contents.
    pub fn pages(&self, edition: Edition) -> &[Page] {
        &self.pages[edition as usize]
    }

    /// The page with this path, as in the contents.
    pub fn page(&self, edition: Edition, path: &str) -> Option<&Page> {
        self.pages(edition).iter().find(|page| page.path == path)
    }

    pub(crate) fn contents(&self, edition: Edition) -> &[Entry] {
        &self.contents[edition as usize]
    }

    /// The Markdown of a page.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn source(&self, page: &Page) -> anyhow::Result<String> {
        read(&self.root, &page.file())
    }

    /// The slug of the crate that belongs to a page: its chapter's folder, or the page itself in a part of single pages
    /// (`foundations/context.md`), when `listings/` has a crate there.
    pub fn listing_of<'page>(&self, page: &'page Page) -> Option<&'page str> {
        [page.folder(), page.path.trim_end_matches(".md")].into_iter().find(|slug| self.is_crate(slug))
    }

    /// Whether there is a crate `listings/<slug>`.
    pub fn is_crate(&self, slug: &str) -> bool {
        !slug.is_empty() && self.listings_folder().join(slug).join("Cargo.toml").is_file()
    }

    /// The slugs of all listings, in order: crates in a part's folder (`patterns/circuit-breaker`). The crates above
    /// them (`telemetry`, `testkit`) are what listings share.
    ///
    /// # Errors
    ///
    /// When `listings/` cannot be read.
    pub fn listings(&self) -> anyhow::Result<Vec<String>> {
        let base = self.listings_folder();
        let manifests = crate::files(&base)?.into_iter().filter(|file| file.ends_with("Cargo.toml"));
        let slugs = manifests.filter_map(|file| Some(file.parent()?.strip_prefix(&base).ok()?.to_path_buf()));
        Ok(slugs
            .filter(|slug| slug.components().count() == 2)
            .map(|slug| slug.to_string_lossy().replace('\\', "/"))
            .collect())
    }
}

fn pages(edition: Edition, entries: &[Entry]) -> Vec<Page> {
    let (mut pages, mut part) = (Vec::new(), None);
    for entry in entries {
        match &entry.kind {
            EntryKind::Part => part = Some(entry.title.clone()),
            EntryKind::Page { path, .. } => {
                pages.push(Page { edition, path: path.clone(), title: entry.title.clone(), part: part.clone() });
            }
        }
    }
    pages
}

fn read(root: &Path, path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pair, tree};

    #[test]
    fn opens_both_editions() {
        let root = pair("# A\n", "# 甲\n");
        let book = Book::open(root.path()).unwrap();
        let page = book.page(Edition::Zh, "a.md").unwrap();
        assert_eq!((page.title.as_str(), page.file().as_str(), page.folder()), ("甲", "src/zh/a.md", ""));
        assert_eq!(book.source(page).unwrap(), "# 甲\n");
        assert_eq!(page.to_site_root(), "../");
        assert_eq!(book.repository(), None);
    }

    #[test]
    fn a_chapter_and_its_crate_have_the_same_slug() {
        let root = tree(&[
            ("book.toml", "[output.html]\ngit-repository-url = \"https://example.org/book/\"\n"),
            ("src/en/SUMMARY.md", "# Summary\n\n# Patterns\n\n- [B](patterns/breaker/index.md)\n"),
            ("src/zh/SUMMARY.md", "# 目录\n\n# 模式\n\n- [熔断器](patterns/breaker/index.md)\n"),
            ("listings/patterns/breaker/Cargo.toml", ""),
            ("listings/telemetry/Cargo.toml", ""),
        ]);
        let book = Book::open(root.path()).unwrap();
        let page = &book.pages(Edition::Zh)[0];
        assert_eq!(book.listing_of(page), Some("patterns/breaker"));
        assert_eq!(page.part.as_deref(), Some("模式"));
        assert_eq!(page.to_site_root(), "../../../");
        assert_eq!(book.listings().unwrap(), ["patterns/breaker"]);
        assert_eq!(book.repository(), Some("https://example.org/book"));
    }

    #[test]
    fn a_missing_summary_names_the_file() {
        let root = tree(&[("book.toml", ""), ("src/en/SUMMARY.md", "")]);
        let error = Book::open(root.path()).unwrap_err();
        assert!(format!("{error:#}").starts_with("src/zh/SUMMARY.md: "), "{error:#}");
    }
}
