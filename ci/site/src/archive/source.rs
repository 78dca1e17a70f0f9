//! A source file as a page of its own: plain, with an address for each line.

use crate::figures::text::html;

/// The page of the file at `path`. Search engines and the book's own search leave it out.
pub(super) fn page(path: &str, text: &str) -> String {
    let line = |(at, line): (usize, &str)| format!("<span id=\"L{}\">{}</span>\n", at + 1, html(line));
    let lines: String = text.lines().enumerate().map(line).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{path}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body data-pagefind-ignore=\"all\">\n<main>\n<h1>{path}</h1>\n<pre tabindex=\"0\"><code>{lines}</code></pre>\n</main>\n</body>\n</html>\n",
        path = html(path),
    )
}

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { margin: 1rem; font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace; }
h1 { font-size: 1rem; overflow-wrap: anywhere; }
pre { margin: 0; overflow-x: auto; font: inherit; counter-reset: line; }
code { font: inherit; }
span { display: block; min-height: 1.5em; counter-increment: line; }
span::before { content: counter(line); display: inline-block; width: 3em; padding-right: 1em; text-align: right; opacity: 0.6; }
span:target { background: Highlight; color: HighlightText; scroll-margin-top: 30vh; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_an_address() {
        let page = page("listings/a.rs", "fn a() {\n\n    b < c\n}\n");
        assert!(page.contains("<title>listings/a.rs</title>"));
        assert!(page.contains("<span id=\"L2\"></span>\n<span id=\"L3\">    b &lt; c</span>"));
    }
}
