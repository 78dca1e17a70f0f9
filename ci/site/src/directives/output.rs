//! `{{#output quickstart}}`: a command and what it printed.

use anyhow::{Context as _, ensure};

use super::{Context, Target};
use crate::figures::text;

pub(super) fn show(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let path = context.folder(slug).join("outputs").join(format!("{name}.txt"));
    let write = "`cargo xtask outputs` writes it";
    let output = std::fs::read_to_string(&path).with_context(|| format!("{} is missing; {write}", path.display()))?;
    let mut lines = output.trim_end().lines();
    let command = lines.next().is_some_and(|line| line.starts_with("$ "));
    ensure!(command, "{}: its first line is not `$ command`", path.display());
    ensure!(lines.next().is_some(), "{}: the command printed nothing", path.display());
    let fence = text::fence("console", output.trim_end());
    Ok(match context.target {
        Target::Markdown => fence,
        Target::Html => {
            format!("<figure class=\"output\" id=\"output-{}\">\n\n{fence}\n</figure>\n", text::slug(name))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{html, markdown, problem};

    #[test]
    fn shows_command_and_output() {
        assert_eq!(markdown("{{#output quickstart}}"), "```console\n$ cargo run\nopen\n```\n");
        let figure =
            "<figure class=\"output\" id=\"output-quickstart\">\n\n```console\n$ cargo run\nopen\n```\n\n</figure>\n";
        assert_eq!(html("{{#output quickstart}}"), figure);
    }

    #[test]
    fn errors() {
        assert!(problem("{{#output gone}}").contains("outputs/gone.txt is missing; `cargo xtask outputs` writes it"));
        assert!(problem("{{#output bare}}").ends_with("bare.txt: its first line is not `$ command`"));
        assert!(problem("{{#output silent}}").ends_with("silent.txt: the command printed nothing"));
    }
}
