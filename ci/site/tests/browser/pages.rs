//! Every page of both editions: it loads, asks nobody else, fits the screen, and is light.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::chrome::{Chrome, Screen};
use crate::site::{Server, built, pages};

/// Of a page with everything it loads, compressed as a server would.
const MAX_KIB: usize = 150;
const MAX_REQUESTS: usize = 20 - FAVICON;
/// A browser asks for it once, so that only the first page shows it.
const FAVICON: usize = 1;

#[tokio::test]
async fn every_page_loads_without_an_error_and_asks_no_other_host() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for page in pages().iter().map(String::as_str).chain(["index.html", "zh/", "404.html", "zh/404.html"]) {
        chrome.goto(&server.url(page)).await;
        let lang = if page.starts_with("zh/") { "zh-CN" } else { "en" };
        assert_eq!(chrome.eval("document.documentElement.lang").await, lang, "{page}");
        assert_eq!(chrome.eval("document.querySelectorAll('h1').length").await, 1, "{page}");
        assert_eq!(chrome.console().await, [""; 0], "{page}");
        let missing: Vec<_> = server.asked().into_iter().filter(|(_, status)| *status >= 400).collect();
        assert_eq!(missing, [], "{page}");
        let foreign = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(origin))";
        assert_eq!(chrome.eval(foreign).await, json!([]), "{page}");
        let languages = "[...document.querySelectorAll('link[hreflang]')].map(link => link.hreflang).join()";
        let expected = if page.ends_with("404.html") { "" } else { "en,zh-CN,x-default" };
        assert_eq!(chrome.eval(languages).await, expected, "{page}");
    }
    chrome.close().await;
}

#[tokio::test]
async fn no_page_is_wider_than_a_phone() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Phone).await);
    // What sticks out and cannot be scrolled to within its own box.
    let sticking_out = "[...document.querySelectorAll('#mdbook-page-wrapper *')].filter(element => {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.right <= innerWidth + 1 || element.closest('svg') !== element.closest('svg.bar')) return false;
        for (let up = element.parentElement; up?.id !== 'mdbook-content' && up; up = up.parentElement) {
            if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
        }
        return true;
    }).map(element => element.outerHTML.slice(0, 120))";
    for page in pages() {
        chrome.goto(&server.url(&page)).await;
        assert_eq!(chrome.eval("innerWidth").await, 375, "{page}");
        assert_eq!(chrome.eval(sticking_out).await, json!([]), "{page}");
        let scrolls = "document.scrollingElement.scrollWidth > innerWidth";
        assert_eq!(chrome.eval(scrolls).await, false, "{page}");
    }
    chrome.close().await;
}

#[tokio::test]
async fn a_page_without_a_diagram_is_light() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for page in pages().into_iter().filter(|page| !has_diagram(page)) {
        server.asked();
        chrome.goto(&server.url(&page)).await;
        let asked = all_requests(&server).await;
        let files: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
        let bytes: usize = files.iter().map(|file| compressed(file)).sum();
        println!("{page}: {:.1} KiB gzip, {} requests", bytes as f64 / 1024.0, asked.len());
        assert!(bytes <= MAX_KIB * 1024, "{page}: {bytes} bytes gzip in {files:?}");
        assert!(asked.len() <= MAX_REQUESTS, "{page}: {} requests: {asked:?}", asked.len());
        assert!(files.iter().any(|file| file.contains("/site-")), "nothing comes from a cache: {files:?}");
    }
    chrome.close().await;
}

/// What has been asked for when nothing more comes.
async fn all_requests(server: &Server) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let more = server.asked();
        if more.is_empty() && !all.is_empty() {
            return all;
        }
        all.extend(more.into_iter().map(|(path, _)| path));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn has_diagram(page: &str) -> bool {
    std::fs::read_to_string(built().join(page)).unwrap().contains("<pre class=\"mermaid\">")
}

fn compressed(path: &str) -> usize {
    let bytes = std::fs::read(built().join(path.trim_start_matches('/'))).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&bytes).unwrap();
    gzip.finish().unwrap().len()
}

#[tokio::test]
async fn diagrams_draw_and_follow_the_theme() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for page in pages() {
        chrome.goto(&server.url(&page)).await;
        let loaded = chrome.eval("typeof mermaid === 'object'").await;
        assert_eq!(
            loaded,
            Value::Bool(has_diagram(&page)),
            "{page}: mermaid where there is a diagram, and nowhere else"
        );
        if !has_diagram(&page) {
            continue;
        }
        let all = "document.querySelectorAll('pre.mermaid').length";
        for (theme, drawn) in [("light", "on-light"), ("navy", "on-dark"), ("rust", "on-light")] {
            chrome.theme(theme).await;
            let svgs = format!("[...document.querySelectorAll('pre.mermaid .{drawn} svg[role=img][aria-label]')]");
            chrome.until(&format!("{svgs}.filter(svg => svg.checkVisibility()).length === {all}")).await;
        }
        assert_eq!(chrome.console().await, [""; 0], "{page}");
    }
    chrome.close().await;
}

#[test]
fn every_link_and_anchor_resolves() {
    let report = site::links::check(built()).unwrap();
    assert_eq!(report.broken, [""; 0]);
    assert!(report.pages > pages().len() && report.links > 0, "{report:?}");
}
