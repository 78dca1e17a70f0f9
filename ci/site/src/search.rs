//! The search index: Pagefind's, one for each edition.
//!
//! Pagefind finds what begins a word. Two things readers look for begin none:
//!
//! - **Chinese.** Its dictionary takes 熔断 apart, so a search for 熔断器 answers with pages about 浏览器 and 断言. Here the index
//!   has every pair of neighbouring characters as a word (see [`code`]), and a query asks for its pairs.
//! - **Names in code.** Whoever looks for `TracerProvider` means `SdkTracerProviderBuilder` too. The index has every tail
//!   of a name that begins a part of it.
//!
//! Such words stand behind the text they belong to, marked with [`JOINED`] or [`APART`]. No page shows them;
//! `theme/search.js` writes queries in the same code and takes the words out of what it shows.

use std::fs;
use std::path::Path;

use anyhow::Context;
use book::{Book, Edition};
use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str, text};
use pagefind::api::PagefindIndex;
use pagefind::options::PagefindServiceConfig;

/// Begins a word that only the index has, where the text goes on without a space.
const JOINED: char = '\u{E000}';

/// Begins a word that only the index has, where the text ends or goes on with a space.
const APART: char = '\u{E001}';

/// Ends the word before it; a space follows.
const END: char = '\u{E002}';

/// What is not a sentence among sentences.
const BOXES: &str = "main h1, main h2, main h3, main h4, main th, main td, main dt, main dd, main li, main summary, \
                     main figcaption";

/// What of Pagefind's bundle a reader needs: our own interface replaces its other files.
const NEEDED: [&str; 2] = ["pagefind.js", "pagefind-worker.js"];

/// Writes the index of an edition into `pagefind/` of its folder.
///
/// # Errors
///
/// When a page cannot be read or the index cannot be written.
pub fn write(book: &Book, edition: Edition, folder: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for (name, contents) in runtime.block_on(index(book, edition, folder))? {
        let file = folder.join("pagefind").join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(&file, contents).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

async fn index(book: &Book, edition: Edition, folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let options =
        PagefindServiceConfig::builder().keep_index_url(true).force_language(dictionary(edition).to_owned()).build();
    let mut index = PagefindIndex::new(Some(options))?;
    for page in book.pages(edition) {
        let path = page.path.replace(".md", ".html");
        let html = fs::read_to_string(folder.join(&path)).with_context(|| path.clone())?;
        index.add_html_file(None, Some(path), indexable(&html)?).await?;
    }
    let files = index.get_files().await?.into_iter();
    let files = files.map(|file| (file.filename.to_string_lossy().replace('\\', "/"), file.contents));
    Ok(files.filter(|(name, _)| NEEDED.contains(&name.as_str()) || !is_interface(name)).collect())
}

/// English words are found by their stem. For Chinese, any language that Pagefind has no dictionary for.
fn dictionary(edition: Edition) -> &'static str {
    match edition {
        Edition::En => "en",
        Edition::Zh => "und",
    }
}

fn is_interface(name: &str) -> bool {
    name.ends_with(".js") || name.ends_with(".css")
}

/// The page as Pagefind should read it: its text only, with the words that only the index has.
fn indexable(html: &str) -> anyhow::Result<String> {
    let rules = RewriteStrSettings::new()
        .append_element_content_handler(element!("main", |main| Ok(main.set_attribute("data-pagefind-body", "")?)))
        .append_element_content_handler(element!("main h1", |h1| Ok(h1.set_attribute("data-pagefind-meta", "title")?)))
        .append_element_content_handler(element!("main pre.mermaid, main .notice", |skipped| {
            Ok(skipped.set_attribute("data-pagefind-ignore", "all")?)
        }))
        // What stands in its own box on the page stands apart in an excerpt.
        .append_element_content_handler(element!(BOXES, |element| {
            element.after(&format!(" {APART} · "), ContentType::Html);
            Ok(())
        }))
        .append_element_content_handler(text!("main *", |chunk| {
            let longer = with_words(chunk.as_str());
            chunk.replace(&longer, ContentType::Html);
            Ok(())
        }));
    Ok(rewrite_str(html, rules)?)
}

/// The text with the words that only the index has.
fn with_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // A Chinese character or stop ends the word before it, which may be the text of another element.
        if (is_han(first) || is_stop(first)) && !out.ends_with(char::is_whitespace) {
            out += &format!("{END} ");
        }
        if is_han(first) {
            rest = &rest[first.len_utf8()..];
            let next = rest.chars().next();
            let (mark, end) = if next.is_some_and(char::is_whitespace) { (APART, "") } else { (JOINED, " ") };
            out += &format!("{first} {mark}{}{end}", code(first, next));
        } else {
            let end = rest.char_indices().skip(1).find(|&(_, c)| c.is_whitespace() || is_han(c) || is_stop(c));
            let (word, more) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            out += word;
            let tails = tails(word);
            out.extend(tails.iter().map(|tail| format!(" {APART}{tail}")));
            // A name ends in a space, so that the next element's text does not grow onto it.
            if more.is_empty() && !tails.is_empty() {
                out.push(' ');
            }
            rest = more;
        }
    }
    out
}

/// `、` and the like: what ends a word in Chinese text.
fn is_stop(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric()
}

/// 熔断 as `h7194h65ad`, and 断 at the end of a run as `h65ad`: for every dictionary one word, and a single character is
/// the beginning of its pairs.
fn code(han: char, next: Option<char>) -> String {
    let pair = [Some(han), next.filter(|&next| is_han(next))];
    pair.into_iter().flatten().map(|c| format!("h{:x}", u32::from(c))).collect()
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Of `opentelemetry_sdk::trace::SdkTracerProvider`: what begins after `::`, `_`, `.`, `-`, `/`, `(` … or at a capital, and
/// is itself compound. A part alone is in Pagefind's index already.
fn tails(word: &str) -> Vec<&str> {
    let starts = parts(word);
    let tail = |&start: &usize| {
        let end =
            word[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(word.len(), |at| start + at);
        &word[start..end]
    };
    let compound = |tail: &&str| parts(tail).len() > 1;
    starts.iter().skip(1).map(tail).filter(compound).collect()
}

/// Where the parts of a name begin.
fn parts(word: &str) -> Vec<usize> {
    let mut previous = ' ';
    let starts = word.char_indices().filter(|&(_, c)| {
        let begins = c.is_ascii_alphanumeric()
            && (!previous.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && !previous.is_ascii_uppercase()));
        previous = c;
        begins
    });
    starts.map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_begin_at_parts() {
        assert_eq!(tails("SdkTracerProviderBuilder"), ["TracerProviderBuilder", "ProviderBuilder"]);
        assert_eq!(tails("opentelemetry_sdk::trace::SdkTracerProvider"), ["SdkTracerProvider", "TracerProvider"]);
        assert_eq!(tails("half-open"), [""; 0]);
        assert_eq!(tails("a.half_open()"), ["half_open"]);
        assert_eq!(tails("熔断器状态"), [""; 0]);
        assert_eq!(tails("OTLP"), [""; 0]);
    }

    #[test]
    fn words_stand_behind_what_they_belong_to() {
        assert_eq!(with_words("no names here"), "no names here");
        assert_eq!(with_words("a TraceIdRatio b"), "a TraceIdRatio \u{E001}IdRatio b");
        assert_eq!(with_words("TraceIdRatio"), "TraceIdRatio \u{E001}IdRatio ");
        assert_eq!(with_words("a 熔断"), "a 熔 \u{E000}h7194h65ad 断 \u{E000}h65ad ");
        assert_eq!(with_words("、half-open时 a"), "\u{E002} 、half-open\u{E002} 时 \u{E001}h65f6 a");
    }

    /// What `theme/search.js` does with a title or an excerpt.
    #[test]
    fn the_text_can_be_had_back() {
        let text = "用 SdkTracerProvider 创建熔断器，half-open时限流。";
        let mut shown = String::new();
        for word in with_words(text).split(' ') {
            match word.chars().next() {
                Some(JOINED) => shown.truncate(shown.trim_end().len()),
                Some(APART) => {}
                _ => shown += &format!("{word} ").replace("\u{E002} ", ""),
            }
        }
        assert_eq!(shown.trim_end(), text);
    }

    #[test]
    fn only_the_text_is_indexed() {
        let html =
            "<nav>SdkMeterProvider</nav><main><h1>A</h1><p>SdkMeterProvider</p><pre class=\"mermaid\">x</pre></main>";
        let indexable = indexable(html).unwrap();
        assert!(
            indexable.starts_with("<nav>SdkMeterProvider</nav><main data-pagefind-body=\"\"><h1 data-pagefind-meta")
        );
        assert!(indexable.contains("<p>SdkMeterProvider \u{E001}MeterProvider </p>"), "{indexable}");
        assert!(indexable.contains("<pre class=\"mermaid\" data-pagefind-ignore=\"all\">"));
    }
}
