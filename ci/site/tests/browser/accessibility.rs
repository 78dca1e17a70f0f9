//! axe-core examines every page.

use serde_json::json;

use crate::chrome::{Chrome, Screen};
use crate::site::{Server, pages, root};

/// axe's violations that it calls serious or critical, shortened.
const EXAMINE: &str = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(node => node.html.slice(0, 160) + ' ' + node.any.map(any => any.message)).join()]))";

fn axe() -> String {
    let script = root().join("ci/site/tests/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(script)
        .expect("axe-core is missing: `cargo xtask test` brings it (npm ci in ci/site/tests/axe)")
}

async fn examine(chrome: &Chrome, axe: &str, what: &str) {
    chrome.eval(&format!("void (() => {{ {axe} }})()")).await;
    // Colours are measured when nothing moves any more.
    chrome.until("document.getAnimations().every(animation => animation.playState !== 'running')").await;
    assert_eq!(chrome.resolve(EXAMINE).await, json!([]), "{what}");
}

#[tokio::test]
async fn no_page_has_a_serious_violation() {
    let (server, chrome, axe) = (Server::start().await, Chrome::start(Screen::Desktop).await, axe());
    for page in pages() {
        chrome.goto(&server.url(&page)).await;
        chrome.until("document.querySelectorAll('pre.mermaid:not(.drawn)').length === 0").await;
        examine(&chrome, &axe, &page).await;
    }
    chrome.close().await;
}

#[tokio::test]
async fn no_theme_and_no_state_has_a_serious_violation() {
    let (server, chrome, axe) = (Server::start().await, Chrome::start(Screen::Desktop).await, axe());
    for theme in ["light", "rust", "coal", "navy", "ayu"] {
        for page in [
            "introduction.html",
            "patterns/circuit-breaker/build.html",
            "zh/patterns/circuit-breaker/observe.html",
            "patterns/circuit-breaker/operate.html",
        ] {
            chrome.goto(&server.url(page)).await;
            chrome.eval(&format!("void localStorage.setItem('mdbook-theme', '{theme}')")).await;
            chrome.goto(&server.url(page)).await;
            chrome.until("document.querySelectorAll('pre.mermaid:not(.drawn)').length === 0").await;
            examine(&chrome, &axe, &format!("{page}, {theme}")).await;
        }
        chrome.click("#mdbook-search-toggle").await;
        chrome.press("OTLP").await;
        chrome.until("document.querySelectorAll('#mdbook-searchresults a').length").await;
        examine(&chrome, &axe, &format!("search, {theme}")).await;
    }
    chrome.close().await;
}
