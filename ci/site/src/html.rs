//! What mdBook's HTML lacks, added to each finished page.

use std::cell::RefCell;

use book::Edition;
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str, text};

use crate::diagrams::{self, Scripts};
use crate::localise;
use crate::site::{Site, across};

/// What a finished page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page of the book, with a Markdown twin at the same address.
    Page,
    /// The first page again, at the folder's address.
    Landing,
    /// All pages in one, for printing.
    Print,
    /// The sidebar of a reader without scripts, which stands in a frame.
    Contents,
    /// What a server sends for an address that does not exist.
    NotFound,
}

/// A finished page, and what there is to know about it.
#[derive(Debug)]
pub struct Finished<'a> {
    /// Whose page it is.
    pub edition: Edition,
    /// `patterns/retry/build.html`.
    pub path: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Its Markdown twin, in the same folder.
    pub twin: Option<String>,
    /// The date since which the other edition's page is newer.
    pub stale_since: Option<String>,
    /// Where it will be served.
    pub site: &'a Site,
    /// What draws diagrams.
    pub scripts: &'a Scripts,
}

/// The value of `lang` and `hreflang`.
pub fn language(edition: Edition) -> &'static str {
    match edition {
        Edition::En => "en",
        Edition::Zh => "zh-CN",
    }
}

/// The words of an edition that mdBook does not have.
struct Words {
    skip: &'static str,
    switch: &'static str,
    switch_label: &'static str,
    home: &'static str,
    results: &'static str,
    search: &'static str,
    contents: &'static str,
    not_found: &'static str,
    not_found_body: &'static str,
}

const EN: Words = Words {
    skip: "Skip to the text",
    switch: "中文",
    switch_label: "中文：本页的中文版",
    home: "First page",
    results: "Search results",
    search: "Search this book",
    contents: "Table of contents",
    not_found: "Page not found",
    not_found_body: "There is no page at this address. Start from the <a href=\"index.html\">first page</a>, or search \
                     with <kbd>/</kbd>.",
};

const ZH: Words = Words {
    skip: "跳到正文",
    switch: "English",
    switch_label: "English: this page in English",
    home: "首页",
    results: "搜索结果",
    search: "搜索本书",
    contents: "目录",
    not_found: "没有这个页面",
    not_found_body: "这个地址上没有页面。可以从<a href=\"index.html\">首页</a>开始，或者按 <kbd>/</kbd> 搜索。",
};

fn words(edition: Edition) -> &'static Words {
    match edition {
        Edition::En => &EN,
        Edition::Zh => &ZH,
    }
}

impl Finished<'_> {
    /// The page at the other end of the switch: for what is not a page of the book, the other edition's first page.
    fn counterpart(&self) -> &str {
        if self.kind == Kind::NotFound { "index.html" } else { self.path }
    }

    /// The address of this page in `edition`: absolute when that is known.
    fn address(&self, edition: Edition) -> String {
        self.site.absolute(edition, self.canonical()).unwrap_or_else(|| across(self.edition, edition, self.path))
    }

    /// The landing page has two addresses; its folder's is the one to know.
    fn canonical(&self) -> &str {
        if self.kind == Kind::Landing { "index.html" } else { self.path }
    }

    fn head(&self) -> String {
        let mut head = String::new();
        if matches!(self.kind, Kind::Page | Kind::Landing) {
            if self.site.absolute(self.edition, self.path).is_some() {
                head += &format!("<link rel=\"canonical\" href=\"{}\">\n", self.address(self.edition));
            }
            for edition in Edition::ALL {
                head += &alternate(language(edition), &self.address(edition));
            }
            head += &alternate("x-default", &self.address(Edition::En));
        }
        if let Some(twin) = &self.twin {
            head += &format!("<link rel=\"alternate\" type=\"text/markdown\" href=\"{twin}\">\n");
        }
        head
    }

    fn switch(&self) -> String {
        let (other, words) = (self.edition.other(), words(self.edition));
        let (href, lang) = (across(self.edition, other, self.counterpart()), language(other));
        format!(
            "<a class=\"language\" href=\"{href}\" hreflang=\"{lang}\" lang=\"{lang}\" title=\"{0}\" \
             aria-label=\"{0}\">{1}</a>",
            words.switch_label, words.switch
        )
    }

    fn notice(&self) -> Option<String> {
        let since = self.stale_since.as_ref()?;
        let (other, href) = (self.edition.other(), across(self.edition, self.edition.other(), self.path));
        let link = |text| format!("<a class=\"language\" href=\"{href}\" hreflang=\"{}\">{text}</a>", language(other));
        let text = match self.edition {
            Edition::En => {
                format!("The {} has changed since {since}; this one has yet to follow.", link("Chinese page"))
            }
            Edition::Zh => format!("{}自 {since} 起有改动，本页尚未跟上。", link("英文页")),
        };
        Some(format!("<aside class=\"notice\">{text}</aside>"))
    }

    /// For an address that does not exist nobody knows the reader's language: say it in both, this edition's first.
    fn not_found(&self) -> String {
        let part = |edition: Edition, heading: &str| {
            let (words, lang) = (words(edition), language(edition));
            let body = words.not_found_body.replace("index.html", &across(self.edition, edition, "index.html"));
            format!("<section lang=\"{lang}\"><{heading}>{}</{heading}><p>{body}</p></section>", words.not_found)
        };
        part(self.edition, "h1") + &part(self.edition.other(), "h2")
    }
}

fn alternate(language: &str, address: &str) -> String {
    format!("<link rel=\"alternate\" hreflang=\"{language}\" href=\"{address}\">\n")
}

/// Adds to a finished page what mdBook's HTML lacks.
///
/// # Errors
///
/// When the page is not HTML that can be rewritten.
pub fn finish(html: &str, page: &Finished<'_>) -> anyhow::Result<String> {
    let html = diagrams::figures(html);
    let draws = diagrams::has_one(&html);
    let settings = RewriteStrSettings::new();
    let settings = navigation(chrome(body(settings, page, draws), page), page);
    Ok(rewrite_str(&html, settings)?)
}

type Rules<'r> = RewriteStrSettings<'r, 'r>;

/// Head, text and scripts.
fn body<'r>(rules: Rules<'r>, page: &'r Finished<'_>, draws: bool) -> Rules<'r> {
    let to_root = "../".repeat(page.path.matches('/').count() + usize::from(page.edition == Edition::Zh));
    rules
        .append_element_content_handler(element!("head", |head| {
            head.append(&page.head(), ContentType::Html);
            Ok(())
        }))
        // The fonts are the reader's own; mdBook links the style sheet of its fonts even when there is none.
        .append_element_content_handler(element!("link[href$='fonts/fonts.css']", |link| {
            link.remove();
            Ok(())
        }))
        .append_element_content_handler(element!("body", move |body| {
            // With `<base>`, a fragment would be another page.
            if !matches!(page.kind, Kind::NotFound | Kind::Contents) {
                let skip = format!("<a class=\"skip\" href=\"#mdbook-content\">{}</a>", words(page.edition).skip);
                body.prepend(&skip, ContentType::Html);
            }
            if draws {
                for script in &page.scripts.0 {
                    body.append(&format!("<script src=\"{to_root}{script}\"></script>"), ContentType::Html);
                }
            }
            Ok(())
        }))
        .append_element_content_handler(element!("main", |main| {
            if page.kind == Kind::NotFound {
                main.set_inner_content(&page.not_found(), ContentType::Html);
            }
            if let Some(notice) = page.notice() {
                main.prepend(&notice, ContentType::Html);
            }
            Ok(())
        }))
        .append_element_content_handler(text!("title", title(page)))
        .append_element_content_handler(text!(".blockquote-tag-title", |chunk| {
            if let Some(chinese) = localise::admonition(chunk.as_str()).filter(|_| page.edition == Edition::Zh) {
                chunk.set_str(chinese.into());
            }
            Ok(())
        }))
}

/// mdBook's title of the first page repeats the book's, and that of the missing page is English.
fn title(page: &Finished<'_>) -> impl FnMut(&mut lol_html::html_content::TextChunk<'_>) -> lol_html::HandlerResult {
    let (kind, missing) = (page.kind, words(page.edition).not_found);
    let all = RefCell::new(String::new());
    move |chunk| {
        all.borrow_mut().push_str(chunk.as_str());
        if !chunk.last_in_text_node() {
            chunk.remove();
            return Ok(());
        }
        let mut title = all.take();
        match title.split_once(" - ").map(|(page, book)| (page.to_owned(), book.to_owned())) {
            Some((_, book)) if kind == Kind::NotFound => title = format!("{missing} - {book}"),
            Some((page, book)) if page == book => title = book,
            _ => {}
        }
        chunk.set_str(title);
        Ok(())
    }
}

/// The menu bar and the search.
fn chrome<'r>(rules: Rules<'r>, page: &'r Finished<'_>) -> Rules<'r> {
    let words = words(page.edition);
    rules
        .append_element_content_handler(element!(".right-buttons", |buttons| {
            buttons.prepend(&page.switch(), ContentType::Html);
            Ok(())
        }))
        // The page's own heading is the `h1`.
        .append_element_content_handler(element!("h1.menu-title", |title| {
            title.set_tag_name("a")?;
            title.set_attribute("href", &home(page))?;
            title.set_attribute("title", words.home)?;
            Ok(())
        }))
        .append_element_content_handler(element!("#mdbook-sidebar-toggle", |label| {
            set(label, &[("role", "button"), ("tabindex", "0")])
        }))
        .append_element_content_handler(element!("#mdbook-search-toggle", |button| {
            set(button, &[("aria-controls", "mdbook-search-wrapper")])
        }))
        .append_element_content_handler(element!("#mdbook-searchbar-outer", |form| set(form, &[("role", "search")])))
        .append_element_content_handler(element!("#mdbook-searchbar", |input| {
            input.remove_attribute("aria-describedby");
            let fixed = [("role", "combobox"), ("aria-autocomplete", "list"), ("aria-expanded", "false")];
            set(input, &fixed)?;
            let typing = [("autocomplete", "off"), ("autocapitalize", "none"), ("spellcheck", "false")];
            set(input, &typing)?;
            set(input, &[("aria-controls", "mdbook-searchresults"), ("aria-label", words.search)])
        }))
        .append_element_content_handler(element!("#mdbook-searchresults-header", |header| {
            set(header, &[("role", "status")])
        }))
        .append_element_content_handler(element!("#mdbook-searchresults", |list| {
            set(list, &[("role", "listbox"), ("aria-label", words.results)])
        }))
}

fn home(page: &Finished<'_>) -> String {
    "../".repeat(page.path.matches('/').count()) + "index.html"
}

/// What assistive technology needs to tell the parts apart.
fn navigation<'r>(rules: Rules<'r>, page: &'r Finished<'_>) -> Rules<'r> {
    rules.append_element_content_handler(element!("iframe.sidebar-iframe-outer", |frame| {
        set(frame, &[("title", words(page.edition).contents)])
    }))
}

fn set(element: &mut Element<'_, '_>, attributes: &[(&str, &str)]) -> lol_html::HandlerResult {
    for (name, value) in attributes {
        element.set_attribute(name, value)?;
    }
    Ok(())
}
