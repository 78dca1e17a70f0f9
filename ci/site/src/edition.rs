//! The Chinese edition: the same configuration, another source, built by the mdBook library into `zh/`.

use std::path::Path;

use book::{Book, Edition};
use mdbook_driver::MDBook;
use mdbook_renderer::RenderContext;
use serde::Deserialize;

use crate::preprocessor::Expand;
use crate::{Site, localise};

/// `[output.site.zh]`: what the Chinese edition says differently.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    title: Option<String>,
    description: Option<String>,
}

/// Builds the Chinese edition into its folder of the site. `scratch` takes its theme.
///
/// # Errors
///
/// When a page does not build; the error names file and line.
pub fn build(context: &RenderContext, book: &Book, site: &Site, scratch: &Path) -> anyhow::Result<()> {
    let theme = scratch.join("theme");
    let html = context.config.html_config().unwrap_or_default();
    localise::theme(&html.theme_dir(&context.root), &theme)?;

    let mut config = context.config.clone();
    let zh: Differences = config.get("output.site.zh")?.unwrap_or_default();
    config.book.src = "src/zh".into();
    config.book.language = Some(crate::html::language(Edition::Zh).into());
    config.book.title = zh.title.or(config.book.title);
    config.book.description = zh.description.or(config.book.description);
    config.build.build_dir = site.folder(Edition::Zh);
    let only_html: Option<toml::Value> = config.get("output.html")?;
    config.set("output", toml::Table::from_iter(only_html.map(|table| ("html".to_owned(), table))))?;
    config.set("output.html.theme", theme)?;
    config.set("output.html.site-url", format!("{}zh/", site.url()))?;

    let mut chinese = MDBook::load_with_config(&context.root, config)?;
    chinese.with_preprocessor(Expand::new(book.clone(), Edition::Zh));
    chinese.build()
}
