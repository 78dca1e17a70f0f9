//! Where the finished site is, and where it will be served.

use std::path::{Path, PathBuf};

use book::Edition;

/// The finished site.
#[derive(Debug, Clone)]
pub struct Site {
    folder: PathBuf,
    url: String,
}

impl Site {
    /// The site in `folder`. `url` is mdBook's `site-url`: an absolute URL, a path, or nothing.
    pub fn new(folder: impl Into<PathBuf>, url: Option<&str>) -> Self {
        let mut url = url.unwrap_or("/").to_owned();
        if !url.ends_with('/') {
            url.push('/');
        }
        Self { folder: folder.into(), url }
    }

    /// The folder of an edition.
    pub fn folder(&self, edition: Edition) -> PathBuf {
        match edition {
            Edition::En => self.folder.clone(),
            Edition::Zh => self.folder.join("zh"),
        }
    }

    /// The root's folder, which is the English edition's.
    pub fn root(&self) -> &Path {
        &self.folder
    }

    /// Where the root is served: ends in `/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The absolute URL of the page at `path` (`patterns/retry/index.html`), when it is known.
    pub fn absolute(&self, edition: Edition, path: &str) -> Option<String> {
        let known = self.url.starts_with("https://") || self.url.starts_with("http://");
        let path = path.strip_suffix("index.html").unwrap_or(path);
        known.then(|| format!("{}{}{path}", self.url, below(edition)))
    }
}

/// `zh/` for the Chinese edition.
pub fn below(edition: Edition) -> &'static str {
    match edition {
        Edition::En => "",
        Edition::Zh => "zh/",
    }
}

/// From the page at `path` in `from` to the same page in `to`.
pub fn across(from: Edition, to: Edition, path: &str) -> String {
    if from == to {
        return path.rsplit('/').next().unwrap_or(path).to_owned();
    }
    let depth = path.matches('/').count() + usize::from(from == Edition::Zh);
    format!("{}{}{path}", "../".repeat(depth), below(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Edition::{En, Zh};

    #[test]
    fn urls() {
        let site = Site::new("book/html", Some("https://example.org/book"));
        assert_eq!(site.absolute(En, "index.html").unwrap(), "https://example.org/book/");
        assert_eq!(site.absolute(Zh, "a/b.html").unwrap(), "https://example.org/book/zh/a/b.html");
        assert_eq!(Site::new("x", Some("/book/")).absolute(En, "a.html"), None);
        assert_eq!(Site::new("x", None).url(), "/");
    }

    #[test]
    fn across_editions() {
        assert_eq!(across(En, Zh, "a/b.html"), "../zh/a/b.html");
        assert_eq!(across(Zh, En, "a/b.html"), "../../a/b.html");
        assert_eq!(across(En, Zh, "index.html"), "zh/index.html");
        assert_eq!(across(Zh, Zh, "a/b.html"), "b.html");
    }
}
