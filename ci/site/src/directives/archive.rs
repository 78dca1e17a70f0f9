//! `{{#archive}}`: the download of the chapter's listing.

use super::words::fill;
use super::{Context, Target};
use crate::archive;
use crate::figures::text;

pub(super) fn show(context: &Context<'_>, slug: &str) -> anyhow::Result<String> {
    let path = archive::path(slug);
    let name = path.rsplit('/').next().unwrap_or_default();
    let href = format!("{}{path}", context.page.to_site_root());
    let words = context.words;
    Ok(match context.target {
        Target::Markdown => {
            let link = fill(words.download, &[&format!("[{name}]({href})")]);
            format!("{link}{}{}\n", words.full_stop_space, words.unpack)
        }
        Target::Html => {
            let link = format!("<a href=\"{}\" download>{}</a>", text::html(&href), text::html(name));
            let unpack = words.unpack.replace("`cargo test`", "<code>cargo test</code>");
            let link = fill(words.download, &[&link]);
            format!("<p class=\"archive\">{link}{}{unpack}</p>\n", words.full_stop_space)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{html, markdown, zh_html};

    #[test]
    fn links_to_the_archive() {
        let link = "Download this listing: [breaker.tar.gz](../../listings/patterns/breaker.tar.gz). It is";
        assert!(markdown("{{#archive}}").starts_with(link));
        assert!(
            html("{{#archive}}")
                .contains("<a href=\"../../listings/patterns/breaker.tar.gz\" download>breaker.tar.gz</a>. It")
        );
        assert!(zh_html("{{#archive}}").contains("<a href=\"../../../listings/patterns/breaker.tar.gz\" download>"));
    }
}
