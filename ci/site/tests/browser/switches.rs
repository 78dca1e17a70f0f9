//! What a reader switches: language, theme, contents, keyboard.

use serde_json::json;

use crate::chrome::{Chrome, Screen};
use crate::site::{Server, pages};

#[tokio::test]
async fn the_language_switch_keeps_page_and_section() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for (from, to) in [("tested.html#telemetry", "zh/tested.html#telemetry"), ("zh/versions.html", "versions.html")] {
        chrome.goto(&server.url(from)).await;
        chrome.click(".right-buttons a.language").await;
        chrome.until("document.readyState === 'complete'").await;
        assert_eq!(chrome.address().await, server.url(to));
    }
    // Without a section in the address it is the one being read.
    chrome.goto(&server.url("tested.html")).await;
    chrome.eval("void document.getElementById('numbers').scrollIntoView()").await;
    chrome.click(".right-buttons a.language").await;
    assert_eq!(chrome.address().await, server.url("zh/tested.html#numbers"));
    chrome.close().await;
}

#[tokio::test]
async fn every_page_has_its_counterpart_without_javascript() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for page in pages() {
        chrome.goto(&server.url(&page)).await;
        let other = page.strip_prefix("zh/").map_or_else(|| format!("zh/{page}"), str::to_owned);
        // The source as it was served: no script has touched it.
        let href =
            "new DOMParser().parseFromString(text, 'text/html').querySelector('a.language').getAttribute('href')";
        let served = format!("fetch(location).then(r => r.text()).then(text => new URL({href}, location).href)");
        assert_eq!(chrome.resolve(&served).await, json!(server.url(&other)), "{page}");
    }
    chrome.close().await;
}

#[tokio::test]
async fn the_theme_changes_and_stays() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    chrome.goto(&server.url("versions.html")).await;
    for theme in ["rust", "coal", "ayu", "light", "navy"] {
        chrome.theme(theme).await;
    }
    chrome.goto(&server.url("zh/versions.html")).await;
    assert_eq!(chrome.eval("document.documentElement.classList.contains('navy')").await, true);
    assert_eq!(chrome.console().await, [""; 0]);
    chrome.close().await;
}

#[tokio::test]
async fn the_keyboard_reaches_everything() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    chrome.goto(&server.url("versions.html")).await;
    chrome.press("\u{e004}").await; // Tab
    assert_eq!(chrome.eval("document.activeElement.className").await, "skip");
    chrome.press("\u{e007}").await; // Enter
    assert_eq!(chrome.eval("location.hash").await, "#mdbook-content");

    let open = "document.documentElement.classList.contains('sidebar-visible')";
    assert_eq!(chrome.eval(open).await, true);
    chrome.eval("void document.getElementById('mdbook-sidebar-toggle').focus()").await;
    chrome.press("\u{e007}").await;
    chrome.until(&format!("!{open}")).await;
    chrome.press(" ").await;
    chrome.until(open).await;

    chrome.eval("void document.activeElement.blur()").await;
    chrome.press("?").await;
    chrome.until("getComputedStyle(document.getElementById('mdbook-help-container')).display === 'flex'").await;
    chrome.press("\u{e00c}").await; // Escape
    chrome.until("getComputedStyle(document.getElementById('mdbook-help-container')).display === 'none'").await;
    chrome.close().await;
}
