//! `sitemap.xml`: every page in both languages.

use std::fs;

use anyhow::Context;
use book::{Book, Edition};

use crate::html::language;
use crate::site::Site;

/// Writes it, when the site's absolute URL is known: a sitemap of relative addresses is not valid.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(book: &Book, site: &Site) -> anyhow::Result<()> {
    let Some(xml) = xml(book, site) else { return Ok(()) };
    fs::write(site.root().join("sitemap.xml"), xml).context("sitemap.xml")
}

fn xml(book: &Book, site: &Site) -> Option<String> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n",
    );
    for edition in Edition::ALL {
        for (at, page) in book.pages(edition).iter().enumerate() {
            let path = if at == 0 { "index.html".to_owned() } else { page.path.replace(".md", ".html") };
            xml += &format!("  <url><loc>{}</loc>", site.absolute(edition, &path)?);
            for other in Edition::ALL {
                let (lang, href) = (language(other), site.absolute(other, &path)?);
                xml += &format!("<xhtml:link rel=\"alternate\" hreflang=\"{lang}\" href=\"{href}\"/>");
            }
            xml += "</url>\n";
        }
    }
    Some(xml + "</urlset>\n")
}
