//! `src/pairs.toml`: for each page, the hashes of both sides when a person last confirmed that they say the same.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::{Book, Edition, Problem, fail_on, parity, sha256};

const FILE: &str = "src/pairs.toml";
const HEADER: &str = "# For each page the hashes of both sides when someone last confirmed that they say the same.\n\
                      # Written by `cargo xtask pairs confirm PAGE`; `cargo xtask pairs status` shows what is open.\n";

/// What has been confirmed, by page.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    confirmed: BTreeMap<String, Confirmation>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    date: String,
    en: String,
    zh: String,
}

/// What is known about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Both sides are as they were confirmed, on this date.
    Confirmed(String),
    /// This side has not followed a change of the other since this date.
    Stale(Edition, String),
    /// Both sides have changed since this date: nobody has said that they agree.
    Changed(String),
    /// Nobody has ever confirmed the pair.
    Unconfirmed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed(date) => write!(f, "confirmed on {date}"),
            Self::Stale(side, date) => write!(f, "{side} is behind: {} has changed since {date}", side.other()),
            Self::Changed(date) => write!(f, "both sides have changed since {date}"),
            Self::Unconfirmed => f.write_str("never confirmed"),
        }
    }
}

impl Pairs {
    /// Reads `src/pairs.toml`; without one, nothing is confirmed.
    ///
    /// # Errors
    ///
    /// When it is not understood, or names a page that is in neither contents.
    pub fn load(book: &Book) -> anyhow::Result<Self> {
        let path = book.root().join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).context(FILE)?;
        let confirmed: BTreeMap<String, Confirmation> = toml::from_str(&text).context(FILE)?;
        let unknown = confirmed.keys().filter(|page| !Edition::ALL.iter().any(|side| book.page(*side, page).is_some()));
        let problem = |page: &String| {
            let line = text.lines().position(|line| line.contains(page.as_str())).unwrap_or_default() + 1;
            Problem::new(FILE, line, format!("there is no page `{page}`: delete its entry"))
        };
        fail_on(&unknown.map(problem).collect::<Vec<_>>())?;
        Ok(Self { confirmed })
    }

    /// What is known about the page at `path`.
    ///
    /// # Errors
    ///
    /// When a side cannot be read.
    pub fn status(&self, book: &Book, path: &str) -> anyhow::Result<Status> {
        let Some(Confirmation { date, en, zh }) = self.confirmed.get(path) else { return Ok(Status::Unconfirmed) };
        let [en_now, zh_now] = hashes(book, path)?;
        Ok(match (*en == en_now, *zh == zh_now) {
            (true, true) => Status::Confirmed(date.clone()),
            (false, true) => Status::Stale(Edition::Zh, date.clone()),
            (true, false) => Status::Stale(Edition::En, date.clone()),
            (false, false) => Status::Changed(date.clone()),
        })
    }

    /// The side of a page whose reader should know that the other one is newer.
    ///
    /// # Errors
    ///
    /// As for [`Pairs::status`].
    pub fn stale_side(&self, book: &Book, path: &str) -> anyhow::Result<Option<Edition>> {
        Ok(match self.status(book, path)? {
            Status::Stale(side, _) => Some(side),
            _ => None,
        })
    }

    /// The status of every page, in the order of the book.
    ///
    /// # Errors
    ///
    /// As for [`Pairs::status`].
    pub fn table(&self, book: &Book) -> anyhow::Result<Vec<(String, Status)>> {
        let pages = book.pages(Edition::En).iter();
        pages.map(|page| Ok((page.path.clone(), self.status(book, &page.path)?))).collect()
    }

    /// The pages that somebody has to confirm.
    ///
    /// # Errors
    ///
    /// As for [`Pairs::status`].
    pub fn check(&self, book: &Book) -> anyhow::Result<Vec<Problem>> {
        let open = self.table(book)?.into_iter().filter(|(_, status)| !matches!(status, Status::Confirmed(_)));
        let problem = |(path, status): (String, Status)| {
            let side = if let Status::Stale(side, _) = status { side } else { Edition::Zh };
            let message = format!("{status}; read both sides, then `cargo xtask pairs confirm {path}`");
            Problem::new(format!("src/{side}/{path}"), 1, message)
        };
        Ok(open.map(problem).collect())
    }

    /// Records that both sides of the page at `path` say the same, as of `date`, and writes the file.
    ///
    /// # Errors
    ///
    /// When there is no such page, when the structure of its sides differs, or when the file cannot be written.
    pub fn confirm(&mut self, book: &Book, path: &str, date: &str) -> anyhow::Result<()> {
        ensure!(book.page(Edition::En, path).is_some(), "there is no page `{path}` in src/en/SUMMARY.md");
        fail_on(&parity::check_page(book, path))?;
        let [en, zh] = hashes(book, path)?;
        self.confirmed.insert(path.to_owned(), Confirmation { date: date.to_owned(), en, zh });
        std::fs::write(book.root().join(FILE), self.to_toml(book)).context(FILE)
    }

    /// In the order of the book, so that a new chapter is one hunk of a diff.
    fn to_toml(&self, book: &Book) -> String {
        let mut text = HEADER.to_owned();
        for page in book.pages(Edition::En) {
            if let Some(Confirmation { date, en, zh }) = self.confirmed.get(&page.path) {
                text += &format!("\n[\"{}\"]\ndate = \"{date}\"\nen = \"{en}\"\nzh = \"{zh}\"\n", page.path);
            }
        }
        text
    }
}

fn hashes(book: &Book, path: &str) -> anyhow::Result<[String; 2]> {
    let hash = |edition| {
        let page =
            book.page(edition, path).with_context(|| format!("src/{edition}/SUMMARY.md does not list `{path}`"))?;
        Ok::<_, anyhow::Error>(sha256(book.source(page)?))
    };
    Ok([hash(Edition::En)?, hash(Edition::Zh)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pair, write};

    #[test]
    fn a_change_of_one_side_makes_the_other_stale() {
        let root = pair("# A\n", "# 甲\n");
        let book = Book::open(root.path()).unwrap();
        let mut pairs = Pairs::load(&book).unwrap();
        assert_eq!(pairs.status(&book, "a.md").unwrap(), Status::Unconfirmed);

        pairs.confirm(&book, "a.md", "2026-11-24").unwrap();
        let pairs = Pairs::load(&book).unwrap();
        assert_eq!(pairs.status(&book, "a.md").unwrap(), Status::Confirmed("2026-11-24".into()));
        assert!(pairs.check(&book).unwrap().is_empty());

        write(root.path(), "src/en/a.md", "# A\n\nNew.\n");
        assert_eq!(pairs.stale_side(&book, "a.md").unwrap(), Some(Edition::Zh));
        let problem = &pairs.check(&book).unwrap()[0];
        let expected = "src/zh/a.md:1: zh is behind: en has changed since 2026-11-24; read both sides, then \
                        `cargo xtask pairs confirm a.md`";
        assert_eq!(problem.to_string(), expected);

        write(root.path(), "src/zh/a.md", "# 甲\n\n新。\n");
        assert_eq!(pairs.stale_side(&book, "a.md").unwrap(), None);
        assert_eq!(pairs.table(&book).unwrap(), [("a.md".to_owned(), Status::Changed("2026-11-24".into()))]);
        assert_eq!(pairs.check(&book).unwrap().len(), 1);

        write(root.path(), "src/en/a.md", "# A\n");
        assert_eq!(pairs.stale_side(&book, "a.md").unwrap(), Some(Edition::En));
    }

    #[test]
    fn refuses_to_confirm_what_differs() {
        let root = pair("# A\n\n## B {#b}\n", "# 甲\n");
        let book = Book::open(root.path()).unwrap();
        let mut pairs = Pairs::default();
        let error = pairs.confirm(&book, "a.md", "2026-11-24").unwrap_err().to_string();
        assert_eq!(error, "src/zh/a.md:1: before this, the level-2 heading #b is missing, which src/en/a.md:3 has");
        assert!(pairs.confirm(&book, "b.md", "2026-11-24").unwrap_err().to_string().contains("no page `b.md`"));
        assert!(!root.path().join(FILE).exists());
    }

    #[test]
    fn unknown_pages_are_errors() {
        let root = pair("# A\n", "# 甲\n");
        write(root.path(), FILE, "\n[\"gone.md\"]\ndate = \"2026-11-24\"\nen = \"1\"\nzh = \"2\"\n");
        let book = Book::open(root.path()).unwrap();
        let error = Pairs::load(&book).unwrap_err().to_string();
        assert_eq!(error, "src/pairs.toml:2: there is no page `gone.md`: delete its entry");
        write(root.path(), FILE, "[\"a.md\"]\ncolour = 1\n");
        assert!(format!("{:#}", Pairs::load(&book).unwrap_err()).starts_with("src/pairs.toml: "));
    }
}
