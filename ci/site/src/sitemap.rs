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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_in_both_languages_once_the_address_is_known() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("book.toml"), "").unwrap();
        for edition in Edition::ALL {
            let folder = root.path().join("src").join(edition.code());
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("SUMMARY.md"), "# Summary\n\n[A](a.md)\n\n- [B](p/b.md)\n").unwrap();
        }
        let book = Book::open(root.path()).unwrap();
        assert_eq!(xml(&book, &Site::new(root.path(), Some("/book/"))), None);
        let xml = xml(&book, &Site::new(root.path(), Some("https://example.org/"))).unwrap();
        assert_eq!(xml.matches("<url>").count(), 4);
        assert!(xml.contains(
            "<loc>https://example.org/zh/p/b.html</loc>\
             <xhtml:link rel=\"alternate\" hreflang=\"en\" href=\"https://example.org/p/b.html\"/>\
             <xhtml:link rel=\"alternate\" hreflang=\"zh-CN\" href=\"https://example.org/zh/p/b.html\"/></url>"
        ));
        assert!(xml.contains("<loc>https://example.org/</loc>"), "{xml}");
    }
}
