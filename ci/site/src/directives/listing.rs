//! `{{#listing src/window.rs:ring}}`: a region of a file that was compiled and tested.

use book::Region;

use super::{Context, Target};
use crate::figures::text;

pub(super) fn show(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let (path, region) = split(name);
    let file = file(slug, name);
    let code = Region::read(&context.book.root().join(&file), region)?;
    let link = context.link(&file, region.map(|_| (code.first, code.last)));
    let fence = text::fence(language(path), &code.text);
    Ok(match context.target {
        Target::Markdown => format!("[`{file}`]({link})\n\n{fence}"),
        Target::Html => format!(
            "<figure class=\"listing\" id=\"listing-{}\">\n<figcaption><a href=\"{}\">{}</a></figcaption>\n\n{fence}\n</figure>\n",
            text::slug(name),
            text::html(&link),
            text::html(&file),
        ),
    })
}

/// The file below the root that `name` is in.
pub(super) fn file(slug: &str, name: &str) -> String {
    format!("listings/{slug}/{}", split(name).0)
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(path, region)| (path, Some(region)))
}

/// What the highlighter calls the language of a file.
fn language(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit('.').next().unwrap_or_default() {
        "rs" => "rust",
        "toml" => "toml",
        "yaml" | "yml" => "yaml",
        "json" => "json",
        "java" => "java",
        "js" | "mjs" => "javascript",
        "ts" => "typescript",
        "go" => "go",
        "py" => "python",
        "sh" => "bash",
        "sql" => "sql",
        "xml" => "xml",
        _ if name.starts_with("Dockerfile") => "bash",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{html, markdown, problem};

    #[test]
    fn shows_a_region_with_its_path() {
        assert_eq!(
            html("{{#listing src/window.rs:ring}}"),
            "<figure class=\"listing\" id=\"listing-src-window-rs-ring\">\n<figcaption>\
             <a href=\"../../listings/patterns/breaker/src/window.rs.html#L3\">listings/patterns/breaker/src/window.rs</a>\
             </figcaption>\n\n```rust\nstruct Ring;\n```\n\n</figure>\n"
        );
        assert_eq!(
            markdown("{{#listing src/window.rs:ring}}"),
            "[`listings/patterns/breaker/src/window.rs`](../../listings/patterns/breaker/src/window.rs.html#L3)\n\n\
             ```rust\nstruct Ring;\n```\n"
        );
    }

    #[test]
    fn shows_a_whole_file_of_another_crate() {
        let figure = html("{{#listing /telemetry/Cargo.toml}}");
        assert!(figure.contains("id=\"listing-cargo-toml\"") && figure.contains("```toml\n[package]"), "{figure}");
        assert!(!figure.contains("#L"));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        assert!(
            problem("{{#listing src/gone.rs}}").starts_with("listings/patterns/breaker/src/gone.rs cannot be read: ")
        );
        let region = "listings/patterns/breaker/src/window.rs: there is no region `gone`";
        assert!(problem("{{#listing src/window.rs:gone}}").starts_with(region));
        assert!(
            problem("{{#listing /nowhere/src/lib.rs}}").starts_with("there is no crate `listings/nowhere/src/lib.rs`")
        );
    }
}
