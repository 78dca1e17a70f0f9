//! Text made safe for where it goes.

/// For HTML text and attribute values. A newline becomes a reference: an empty line would end the HTML block in Markdown.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            char => out.push(char),
        }
    }
    out
}

/// For a Markdown table or line.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '\\' => out.extend(['\\', char]),
            char => out.push(char),
        }
    }
    out
}

/// A code span for a Markdown table: fenced by more backticks than it holds.
pub(crate) fn markdown_code(code: &str) -> String {
    let fence = "`".repeat(longest_run(code) + 1);
    let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", code.replace('\n', " ").replace('|', "\\|"))
}

/// A fenced code block: fenced by more backticks than it holds.
pub(crate) fn fence(info: &str, code: &str) -> String {
    let fence = "`".repeat((longest_run(code) + 1).max(3));
    let newline = if code.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{info}\n{code}{newline}{fence}\n")
}

/// An id: ASCII letters, digits and hyphens.
pub(crate) fn slug(text: &str) -> String {
    let dashed: String = text.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    dashed.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn longest_run(code: &str) -> usize {
    code.split(|char| char != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(html("<a href=\"x\">&\n"), "&lt;a href=&quot;x&quot;&gt;&amp;&#10;");
        assert_eq!(markdown("a|b_c*"), "a\\|b\\_c\\*");
        assert_eq!(markdown_code("a|b"), "`a\\|b`");
        assert_eq!(markdown_code("`a`"), "`` `a` ``");
        assert_eq!(fence("md", "```\nx\n```"), "````md\n```\nx\n```\n````\n");
        assert_eq!(slug("/deploy/k8s/Deployment.yaml:probes_"), "deploy-k8s-deployment-yaml-probes");
    }
}
