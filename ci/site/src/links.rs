//! Every internal link, asset and `#anchor` of the finished site, followed without a network.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use lol_html::{RewriteStrSettings, element, rewrite_str};
use walkdir::WalkDir;

/// What [`check`] found.
#[derive(Debug, Default)]
pub struct Report {
    /// How many pages.
    pub pages: usize,
    /// How many internal links.
    pub links: usize,
    /// `page: href`, in order.
    pub broken: Vec<String>,
}

/// What a page offers and what it asks for.
#[derive(Default)]
struct Page {
    ids: BTreeSet<String>,
    hrefs: Vec<String>,
}

/// Follows every internal link of the HTML files below `site`.
///
/// # Errors
///
/// When a file cannot be read.
pub fn check(site: &Path) -> anyhow::Result<Report> {
    let mut pages = BTreeMap::new();
    for entry in WalkDir::new(site).sort_by_file_name() {
        let entry = entry.with_context(|| site.display().to_string())?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let html = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            pages.insert(path.strip_prefix(site)?.to_owned(), read(&html)?);
        }
    }
    let mut report = Report { pages: pages.len(), ..Report::default() };
    for (path, page) in &pages {
        for href in page.hrefs.iter().filter(|href| is_internal(href)) {
            report.links += 1;
            if !resolves(site, &pages, path, href) {
                report.broken.push(format!("{}: {href}", path.display()));
            }
        }
    }
    Ok(report)
}

fn read(html: &str) -> anyhow::Result<Page> {
    let page = RefCell::new(Page::default());
    let collect = element!("*", |element| {
        let mut page = page.borrow_mut();
        page.ids.extend(element.get_attribute("id"));
        if element.tag_name() != "base" {
            let asks = ["href", "src", "data", "poster"].into_iter();
            page.hrefs.extend(asks.filter_map(|name| element.get_attribute(name)));
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(collect))?;
    Ok(page.into_inner())
}

/// Not `https:`, `mailto:`, `data:` …, nor `//host`.
fn is_internal(href: &str) -> bool {
    let before_path = href.split(['/', '#', '?']).next().unwrap_or_default();
    !before_path.contains(':') && !href.starts_with("//")
}

fn resolves(site: &Path, pages: &BTreeMap<PathBuf, Page>, from: &Path, href: &str) -> bool {
    let href = href.replace("&amp;", "&");
    let (address, fragment) = href.split_once('#').map_or((href.as_str(), None), |(a, f)| (a, Some(decode(f))));
    let address = decode(address.split('?').next().unwrap_or_default());
    let target = match address.strip_prefix('/') {
        _ if address.is_empty() => Some(from.to_owned()),
        Some(rooted) => join(Path::new(""), rooted),
        None => join(from.parent().unwrap_or(Path::new("")), &address),
    };
    let Some(mut target) = target else { return false };
    if site.join(&target).is_dir() {
        target.push("index.html");
    }
    match (pages.get(&target), fragment) {
        (Some(page), Some(id)) => id.is_empty() || id == "top" || page.ids.contains(&id),
        (None, Some(_)) => false,
        (_, None) => site.join(&target).is_file(),
    }
}

/// `base/relative` without `.` and `..`; nothing when it leaves the site.
fn join(base: &Path, relative: &str) -> Option<PathBuf> {
    let mut path = base.to_owned();
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if !path.pop() => return None,
            _ => {}
        }
    }
    Some(path)
}

/// Percent-decoding. What is not valid stays as it is.
fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, more)) = rest.split_first() {
        let escaped = (first == b'%').then(|| more.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(pages: &[(&str, &str)]) -> Vec<String> {
        let site = tempfile::tempdir().unwrap();
        for (path, html) in pages {
            let file = site.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, html).unwrap();
        }
        check(site.path()).unwrap().broken
    }

    #[test]
    fn what_resolves() {
        let index = "<link href=\"a.css?v=1\"><h1 id=\"熔断\"></h1><a href=\"p/b.html#x\"></a><a href=\"p/\"></a>\
                     <a href=\"#%E7%86%94%E6%96%AD\"></a><a href=\"https://example.org/none\"></a><a href=\"#\"></a>";
        let b = "<p id=\"x\"></p><a href=\"../index.html\"></a><img src=\"/a.css\"><a href=\"mailto:a@b\"></a>";
        assert_eq!(broken(&[("index.html", index), ("a.css", ""), ("p/index.html", ""), ("p/b.html", b)]), [""; 0]);
    }

    #[test]
    fn what_does_not() {
        let index = "<a href=\"none.html\"></a><a href=\"b.html#y\"></a><script src=\"no.js\"></script>\
                     <a href=\"../up.html\"></a><a href=\"#z\"></a>";
        assert_eq!(
            broken(&[("index.html", index), ("b.html", "<p id=\"x\"></p>")]),
            ["none.html", "b.html#y", "no.js", "../up.html", "#z"].map(|href| format!("index.html: {href}"))
        );
    }
}
