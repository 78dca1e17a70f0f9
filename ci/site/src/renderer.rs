//! The renderer: runs after mdBook's html, and makes the site of what that has built.

use std::env;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::thread;

use anyhow::{Context, anyhow};
use book::{Book, Edition, Pairs, pairs::Status};
use mdbook_renderer::RenderContext;

use crate::diagrams::{self, Scripts};
use crate::html::{self, Finished, Kind};
use crate::{Site, archive, edition, search, sitemap, twins};

/// What mdBook runs after it has built the English edition.
///
/// # Errors
///
/// When a page does not build; the error names file and line.
pub fn run(input: impl Read) -> anyhow::Result<()> {
    let context = RenderContext::from_json(input)?;
    let book = Book::open(&context.root)?;
    let html = context.config.html_config().unwrap_or_default();
    let folder = context.destination.parent().context("no folder for the site")?.join("html");
    let site = Site::new(folder, html.site_url.as_deref());
    // mdBook gives every renderer a folder and starts it there. The site lies in the html renderer's, so that `serve`
    // finds it.
    let scratch = &context.destination;
    env::set_current_dir(&context.root)?;

    let scripts = diagrams::install(&context.root, site.root(), scratch)?;
    edition::build(&context, &book, &site, scratch)?;
    fs::remove_dir_all(scratch)?;
    finish(&book, &site, &scripts)?;
    archive::write_all(&book, site.root())?;
    sitemap::write(&book, &site)
}

/// Both editions at once: they share nothing but what they read.
fn finish(book: &Book, site: &Site, scripts: &Scripts) -> anyhow::Result<()> {
    let pairs = Pairs::load(book)?;
    thread::scope(|scope| {
        let editions = Edition::ALL.map(|edition| {
            let pairs = &pairs;
            scope.spawn(move || {
                finish_edition(edition, book, pairs, site, scripts)?;
                search::write(book, edition, &site.folder(edition))?;
                twins::write(book, edition, &site.folder(edition), site.url())
            })
        });
        editions.into_iter().try_for_each(|edition| edition.join().map_err(|_| anyhow!("an edition panicked"))?)
    })
}

fn finish_edition(edition: Edition, book: &Book, pairs: &Pairs, site: &Site, scripts: &Scripts) -> anyhow::Result<()> {
    let finish = |path: &str, kind, twin, stale_since| {
        let page = Finished { edition, path, kind, twin, stale_since, site, scripts };
        rewrite(&site.folder(edition).join(path), &page)
    };
    for (at, page) in book.pages(edition).iter().enumerate() {
        let stale_since = match pairs.status(book, &page.path)? {
            Status::Stale(side, date) if side == edition => Some(date),
            _ => None,
        };
        let twin = page.path.rsplit('/').next().map(str::to_owned);
        if at == 0 {
            finish("index.html", Kind::Landing, twin.clone(), stale_since.clone())?;
        }
        let kind = if at == 0 { Kind::Landing } else { Kind::Page };
        finish(&page.path.replace(".md", ".html"), kind, twin, stale_since)?;
    }
    finish("print.html", Kind::Print, None, None)?;
    finish("toc.html", Kind::Contents, None, None)?;
    finish("404.html", Kind::NotFound, None, None)
}

fn rewrite(file: &Path, page: &Finished<'_>) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let text = html::finish(&text, page).with_context(|| file.display().to_string())?;
    fs::write(file, text).with_context(|| file.display().to_string())
}
