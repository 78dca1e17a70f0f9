//! Mermaid diagrams: a figure with a caption on the page, and the script on the pages that have one.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use book::Problem;

const SOURCE: &str = "```mermaid";
const DRAWN: &str = "<pre class=\"mermaid\">";

/// The diagrams of a page without a caption: who cannot see the picture has nothing else.
pub fn check(file: &str, text: &str) -> Vec<Problem> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = (0..lines.len()).filter(|&at| lines[at] == SOURCE);
    let without = starts.filter(|&start| {
        let after = lines[start..].iter().skip_while(|line| **line != "```").skip(1).find(|line| !line.is_empty());
        !after.is_some_and(|line| line.starts_with('*') && line.ends_with('*') && !line.starts_with("**"))
    });
    let message = "a diagram needs a caption: one *emphasised* paragraph, on one line, below it";
    without.map(|start| Problem::new(file, start + 1, message)).collect()
}

/// Puts each diagram of a finished page and the emphasised paragraph below it into a `<figure>`.
pub fn figures(html: &str) -> String {
    let mut parts = html.split(DRAWN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("</pre>").and_then(|(source, rest)| Some((source, caption(rest)?))) {
            Some((source, (words, rest))) => {
                out.push_str("<figure class=\"diagram\">");
                out.push_str(DRAWN);
                out.push_str(source);
                out.push_str("</pre><figcaption>");
                out.push_str(words);
                out.push_str("</figcaption></figure>");
                out.push_str(rest);
            }
            None => {
                out.push_str(DRAWN);
                out.push_str(part);
            }
        }
    }
    out
}

fn caption(html: &str) -> Option<(&str, &str)> {
    html.trim_start().strip_prefix("<p><em>")?.split_once("</em></p>")
}

/// Whether the page has a diagram.
pub fn has_one(html: &str) -> bool {
    html.contains(DRAWN)
}

/// The scripts that draw, below the site's root.
#[derive(Debug, Clone)]
pub struct Scripts(pub [String; 2]);

/// Copies mermaid, which the installed `mdbook-mermaid` carries, and `theme/diagrams.js` to the site.
///
/// # Errors
///
/// When `mdbook-mermaid` is not there or a file cannot be written.
pub fn install(root: &Path, site: &Path, scratch: &Path) -> anyhow::Result<Scripts> {
    let folder = scratch.join("mermaid");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("book.toml"), "")?;
    let output = Command::new("mdbook-mermaid")
        .arg("install")
        .arg(&folder)
        .output()
        .context("cannot run mdbook-mermaid; `cargo xtask serve` brings it")?;
    ensure!(output.status.success(), "mdbook-mermaid install: {}", String::from_utf8_lossy(&output.stderr));
    let mermaid = publish(&folder.join("mermaid.min.js"), "mermaid", site)?;
    let drawing = publish(&root.join("theme/diagrams.js"), "diagrams", site)?;
    Ok(Scripts([mermaid, drawing]))
}

/// Copies a script under a name that changes with its content, so that a browser may keep it for good.
fn publish(file: &Path, name: &str, site: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let digest = book::sha256(&bytes);
    let digest = digest.trim_start_matches("sha256:");
    let name = format!("{name}-{}.js", &digest[..8]);
    fs::write(site.join(&name), bytes)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_becomes_one() {
        let html =
            "<p>a</p>\n<pre class=\"mermaid\">x --&gt; y\n</pre>\n\n<p><em>See <code>y</code>.</em></p>\n<p>b</p>";
        assert_eq!(
            figures(html),
            "<p>a</p>\n<figure class=\"diagram\"><pre class=\"mermaid\">x --&gt; y\n</pre>\
             <figcaption>See <code>y</code>.</figcaption></figure>\n<p>b</p>"
        );
        let bare = "<pre class=\"mermaid\">x</pre><p>b</p>";
        assert_eq!(figures(bare), bare);
        assert!(has_one(bare) && !has_one("<pre>x</pre>"));
    }

    #[test]
    fn a_diagram_without_a_caption_is_a_problem() {
        assert!(check("a.md", "# A\n\n```mermaid\nx\n```\n\n*See.*\n").is_empty());
        let problems = check("src/en/a.md", "# A\n\n```mermaid\nx\n```\n\n**Not** a caption.\n");
        assert!(problems[0].to_string().starts_with("src/en/a.md:3: a diagram needs a caption"), "{problems:?}");
        assert_eq!(check("a.md", "```mermaid\nx\n```").len(), 1);
    }
}
