//! Pagefind and our interface to it.

use book::Edition;
use serde_json::Value;

use crate::chrome::{Chrome, Screen};
use crate::site::{Server, book, pages_of};

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const DOWN: &str = "\u{e015}";

/// Words in both languages, and parts of longer words.
const WORDS: [(Edition, &str); 9] = [
    (Edition::Zh, "熔断"),
    (Edition::Zh, "熔断器"),
    (Edition::Zh, "采样"),
    (Edition::Zh, "SdkTracerProvider"),
    (Edition::Zh, "half-open"),
    (Edition::En, "half-open"),
    (Edition::En, "SdkTracerProvider"),
    (Edition::En, "TracerProvider"),
    (Edition::En, "circuit"),
];

/// How many pages an answer shows.
const SHOWN: usize = 10;

#[tokio::test]
async fn each_word_finds_the_pages_that_have_it() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    let book = book();
    let mut texts = Vec::new();
    for edition in Edition::ALL {
        for page in pages_of(&book, edition) {
            let page = server.url(&page);
            chrome.goto(&page).await;
            let text = chrome.eval(TEXT).await.as_str().expect("a page has text").to_owned();
            texts.push((edition, page, text));
        }
    }
    for (edition, word) in WORDS {
        let has = |text: &str| text.contains(&word.to_lowercase());
        let with = texts.iter().filter(|(of, _, text)| *of == edition && has(text)).map(|(_, page, _)| page.clone());
        let with: Vec<_> = with.collect();
        assert!(!with.is_empty(), "no page has `{word}`: choose another word for this test");
        chrome.goto(&with[0]).await;
        let found = found(&chrome, word).await;
        assert!(with.contains(&found[0]), "{word}: the best page {} does not have it", found[0]);
        let missing: Vec<_> = with.iter().filter(|page| !found.contains(page)).collect();
        assert!(missing.is_empty() || found.len() == SHOWN, "{word}: {missing:?} have it, found {found:?}");
    }
    chrome.close().await;
}

/// The text of a page in lower case, without its diagrams.
const TEXT: &str =
    "[...document.querySelectorAll('main *')].filter(element => !element.closest('pre.mermaid, .buttons'))
    .flatMap(element => [...element.childNodes]).filter(node => node.nodeType === 3).map(node => node.data)
    .join('').toLowerCase()";

/// The pages in the answer, the best first.
async fn found(chrome: &Chrome, word: &str) -> Vec<String> {
    chrome.press("/").await;
    chrome.press(word).await;
    chrome.until("!document.getElementById('mdbook-searchresults-outer').classList.contains('hidden')").await;
    let urls = "[...document.querySelectorAll('#mdbook-searchresults a')].map(a => a.origin + a.pathname)";
    let urls = chrome.eval(urls).await;
    let mut pages: Vec<String> =
        urls.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    pages.dedup();
    pages
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for (page, word) in [("versions.html", "SdkTracerProvider"), ("zh/versions.html", "采样")] {
        server.asked();
        chrome.goto(&server.url(page)).await;
        assert!(
            !server.asked().iter().any(|(path, _)| path.contains("pagefind")),
            "nothing is loaded before it is needed"
        );
        for open in ["/", "s"] {
            chrome.press(open).await;
            chrome.until("document.activeElement.id === 'mdbook-searchbar'").await;
            chrome.press(ESCAPE).await;
            chrome.until("document.getElementById('mdbook-search-wrapper').classList.contains('hidden')").await;
        }
        chrome.press("/").await;
        chrome.press(word).await;
        chrome.until("document.querySelectorAll('#mdbook-searchresults a .result-excerpt mark').length").await;
        assert_eq!(
            chrome.eval("document.querySelector('#mdbook-searchresults').textContent.includes('\\ue000')").await,
            false
        );
        chrome.press(DOWN).await;
        chrome.press(DOWN).await;
        let selected = "document.querySelector('#mdbook-searchresults [aria-selected=true]')";
        let second = format!("{selected} === document.querySelectorAll('#mdbook-searchresults a')[1]");
        assert_eq!(chrome.eval(&second).await, true);
        assert_eq!(
            chrome.eval(&format!("{selected}.id")).await,
            chrome.eval("document.activeElement.getAttribute('aria-activedescendant')").await
        );
        let target = chrome.eval(&format!("new URL({selected}.href).pathname + new URL({selected}.href).hash")).await;
        chrome.press(ENTER).await;
        chrome
            .until(&format!("location.pathname + location.hash === {target} && document.readyState === 'complete'"))
            .await;
        chrome.until("document.querySelector('main mark')").await;
        assert_eq!(chrome.console().await, [""; 0]);
    }
    chrome.close().await;
}

#[tokio::test]
async fn nothing_found_is_said() {
    let (server, chrome) = (Server::start().await, Chrome::start(Screen::Desktop).await);
    for (page, said) in [("versions.html", "Nothing found"), ("zh/versions.html", "没有找到")] {
        chrome.goto(&server.url(page)).await;
        chrome.click("#mdbook-search-toggle").await;
        chrome.press("xyzzyplugh").await;
        chrome
            .until(&format!("document.getElementById('mdbook-searchresults-header').textContent.includes({said:?})"))
            .await;
    }
    chrome.close().await;
}
