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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::str::FromStr;

    use lol_html::{RewriteStrSettings, element, rewrite_str};
    use mdbook_renderer::config::Config;
    use tempfile::TempDir;

    use super::*;
    use crate::diagrams::Scripts;
    use crate::html::{Finished, Kind, finish};

    const BOOK_TOML: &str = r#"
        [book]
        title = "Book"
        src = "src/en"
        [build]
        create-missing = false
        use-default-preprocessors = false
        [preprocessor.site]
        command = "never-run"
        renderers = ["html"]
        [output.html]
        git-repository-url = "https://example.org/repository"
        edit-url-template = "https://example.org/edit/{path}"
        live-reload-endpoint = "__livereload"
        search.copy-js = false
        [output.site]
        command = "never-run"
        [output.site.zh]
        title = "书"
    "#;

    const PAGE: &str = "# 甲 {#a}\n\n> [!WARNING]\n> 小心。\n\n```rust\nfn main() {}\n```\n\n<pre class=\"mermaid\">x</pre>\n\n*看图。*\n";

    fn built(zh: &str) -> (TempDir, anyhow::Result<()>) {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("book.toml", BOOK_TOML),
            ("src/en/SUMMARY.md", "# Summary\n\n[Book](a.md)\n\n- [B](p/b.md)\n"),
            ("src/zh/SUMMARY.md", "# 目录\n\n[书](a.md)\n\n- [乙](p/b.md)\n"),
            ("src/zh/a.md", zh),
            ("src/zh/p/b.md", "# 乙 {#b}\n"),
            ("theme/fonts/fonts.css", ""),
        ];
        for (path, text) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let config = Config::from_str(BOOK_TOML).unwrap();
        let chapters = mdbook_renderer::book::Book::default();
        let context = RenderContext::new(root.path(), chapters, config, root.path().join("book/site"));
        let book = Book::open(root.path()).unwrap();
        let result = build(&context, &book, &site(&root), &root.path().join("scratch"));
        (root, result)
    }

    fn site(root: &TempDir) -> Site {
        Site::new(root.path().join("book/html"), Some("https://example.org/book/"))
    }

    fn finished(root: &TempDir, path: &str, kind: Kind, stale_since: Option<String>) -> String {
        let (site, scripts) = (site(root), Scripts(["mermaid.js".into(), "diagrams.js".into()]));
        let file: PathBuf = site.folder(Edition::Zh).join(path);
        let twin = Some("a.md".to_owned());
        let page = Finished { edition: Edition::Zh, path, kind, twin, stale_since, site: &site, scripts: &scripts };
        finish(&fs::read_to_string(file).unwrap(), &page).unwrap()
    }

    /// What a reader is told by attributes, and what the page's buttons and titles say.
    fn told(html: &str) -> Vec<String> {
        let told = std::cell::RefCell::new(Vec::new());
        let collect = element!("body *", |element| {
            let names = ["title", "aria-label", "placeholder", "alt"];
            told.borrow_mut().extend(names.iter().filter_map(|name| element.get_attribute(name)));
            Ok(())
        });
        let buttons = lol_html::text!("body button, body h2, body #mdbook-help-popup p", |chunk| {
            told.borrow_mut().push(chunk.as_str().to_owned());
            Ok(())
        });
        let rules = RewriteStrSettings::new();
        let rules = rules.append_element_content_handler(collect).append_element_content_handler(buttons);
        rewrite_str(html, rules).unwrap();
        told.into_inner()
    }

    #[test]
    fn a_chinese_reader_reads_chinese() {
        let (root, result) = built(PAGE);
        result.unwrap();
        for (path, kind) in [
            ("p/b.html", Kind::Page),
            ("a.html", Kind::Landing),
            ("print.html", Kind::Print),
            ("404.html", Kind::NotFound),
        ] {
            let html = finished(&root, path, kind, None);
            assert!(html.contains("<html lang=\"zh-CN\""), "{path}");
            let named = ["English: this page in English", "Ayu", "S", "/", "?", "Esc", "←", "→", "Page not found"];
            let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            let foreign: Vec<String> = told(&html)
                .into_iter()
                .filter(|text| !han(text) && !text.trim().is_empty() && !named.contains(&text.trim()))
                .collect();
            assert_eq!(foreign, [""; 0], "{path}");
        }
    }

    #[test]
    fn what_a_page_gets() {
        let (root, result) = built(PAGE);
        result.unwrap();
        let html = finished(&root, "a.html", Kind::Landing, Some("2026-11-01".into()));
        for part in [
            "<title>书</title>",
            "<link rel=\"canonical\" href=\"https://example.org/book/zh/\">",
            "<link rel=\"alternate\" hreflang=\"en\" href=\"https://example.org/book/\">",
            "<link rel=\"alternate\" hreflang=\"zh-CN\" href=\"https://example.org/book/zh/\">",
            "<link rel=\"alternate\" hreflang=\"x-default\" href=\"https://example.org/book/\">",
            "<link rel=\"alternate\" type=\"text/markdown\" href=\"a.md\">",
            "<a class=\"skip\" href=\"#mdbook-content\">跳到正文</a>",
            "<a class=\"language\" href=\"../a.html\" hreflang=\"en\" lang=\"en\"",
            "<aside class=\"notice\"><a class=\"language\" href=\"../a.html\" hreflang=\"en\">英文页</a>自 2026-11-01",
            "警告</p>",
            "</pre><figcaption>看图。</figcaption></figure>",
            "<script src=\"../mermaid.js\"></script><script src=\"../diagrams.js\"></script>",
            "\"__livereload\"",
            "href=\"https://example.org/edit/src/zh/a.md\"",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
        assert!(!html.contains("fonts.css"));
        let plain = finished(&root, "p/b.html", Kind::Page, None);
        assert!(!plain.contains("mermaid.js") && !plain.contains("class=\"notice\""));
        let missing = finished(&root, "404.html", Kind::NotFound, None);
        assert!(missing.contains("<title>没有这个页面 - 书</title>") && missing.contains("<h1>没有这个页面</h1>"));
        assert!(
            missing.contains("<base href=\"https://example.org/book/zh/\">") && !missing.contains("class=\"skip\"")
        );
        assert!(missing.contains("<a href=\"../index.html\">first page</a>"), "{missing}");
    }

    #[test]
    fn a_broken_page_fails_with_file_and_line() {
        let (_root, result) = built("# 甲 {#a}\n\n{{#trace none}}\n");
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("src/zh/a.md:3: "), "{error}");
    }
}
