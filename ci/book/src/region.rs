//! Named regions of source files: what stands between `// ANCHOR: name` and `// ANCHOR_END: name`.

use std::path::Path;

use anyhow::{Context, bail, ensure};

/// A piece of a file, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its lines without indentation common to all and without anchors, ending in a newline.
    pub text: String,
    /// Its first line in the file, counted from 1.
    pub first: usize,
    /// Its last line in the file.
    pub last: usize,
}

impl Region {
    /// Reads region `name` of `file`, or the whole of it.
    ///
    /// # Errors
    ///
    /// When the file is missing, and as for [`region`].
    pub fn read(file: &Path, name: Option<&str>) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        region(&text, name).with_context(|| file.display().to_string())
    }
}

/// Cuts region `name` out of `text`; without a name, all of `text`.
///
/// # Errors
///
/// When the region is missing, begun twice, not ended, or empty.
pub fn region(text: &str, name: Option<&str>) -> anyhow::Result<Region> {
    let lines: Vec<&str> = text.lines().collect();
    let (from, to) = match name {
        None => (0, lines.len()),
        Some(name) => bounds(&lines, name)?,
    };
    let kept: Vec<(usize, &str)> =
        (from..to).map(|at| (at, lines[at])).filter(|(_, line)| anchor(line).is_none()).collect();
    let full = |(_, line): &&(usize, &str)| !line.trim().is_empty();
    let (Some(first), Some(last)) = (kept.iter().find(full), kept.iter().rfind(full)) else {
        bail!("{} is empty", name.map_or("the file".to_owned(), |name| format!("region `{name}`")));
    };
    let (first, last) = (first.0, last.0);
    let kept = kept.into_iter().filter(|(at, _)| (first..=last).contains(at)).map(|(_, line)| line);
    Ok(Region { text: dedent(&kept.collect::<Vec<_>>()), first: first + 1, last: last + 1 })
}

/// `text` without its anchor lines.
pub fn without_anchors(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| anchor(line).is_none()).collect()
}

/// The half-open range of lines between the anchors of `name`.
fn bounds(lines: &[&str], name: &str) -> anyhow::Result<(usize, usize)> {
    let at = |wanted: Anchor| -> Vec<usize> {
        (0..lines.len()).filter(|at| anchor(lines[*at]).as_ref() == Some(&wanted)).collect()
    };
    let (begins, ends) = (at(Anchor::Begin(name)), at(Anchor::End(name)));
    match (begins.as_slice(), ends.as_slice()) {
        ([], _) => {
            bail!("there is no region `{name}`: write `ANCHOR: {name}` before it and `ANCHOR_END: {name}` behind it")
        }
        ([_, again, ..], _) => bail!("region `{name}` begins again on line {}", again + 1),
        (_, [_, again, ..]) => bail!("region `{name}` ends again on line {}", again + 1),
        ([begin], []) => bail!("region `{name}` begins on line {} and has no `ANCHOR_END: {name}`", begin + 1),
        ([begin], [end]) => {
            ensure!(begin < end, "region `{name}` ends on line {}, before it begins on line {}", end + 1, begin + 1);
            Ok((begin + 1, *end))
        }
    }
}

#[derive(PartialEq, Eq)]
enum Anchor<'line> {
    Begin(&'line str),
    End(&'line str),
}

/// The anchor on a line that is nothing but a comment with one.
fn anchor(line: &str) -> Option<Anchor<'_>> {
    let line = line.trim();
    let comment = ["//", "#", "--", "/*", "<!--"].iter().find_map(|open| line.strip_prefix(open))?;
    let comment = comment.trim_end_matches("*/").trim_end_matches("-->").trim();
    let (anchor, name): (fn(_) -> _, _) = match comment.strip_prefix("ANCHOR:") {
        Some(name) => (Anchor::Begin, name),
        None => (Anchor::End, comment.strip_prefix("ANCHOR_END:")?),
    };
    Some(anchor(name.trim()))
}

fn dedent(lines: &[&str]) -> String {
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    lines.iter().map(|line| format!("{}\n", line.get(common..).unwrap_or_default().trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "mod a;\n\n// ANCHOR: outer\nimpl A {\n    // ANCHOR: inner\n    fn b() {\n        c();\n    }\n    \
                        // ANCHOR_END: inner\n}\n// ANCHOR_END: outer\n\n// ANCHOR: open\n// ANCHOR: empty\n\n// ANCHOR_END: empty\n";

    #[test]
    fn cuts_dedents_and_strips_nested_anchors() {
        let inner = region(FILE, Some("inner")).unwrap();
        assert_eq!(inner, Region { text: "fn b() {\n    c();\n}\n".into(), first: 6, last: 8 });
        let outer = region(FILE, Some("outer")).unwrap();
        assert_eq!(outer.text, "impl A {\n    fn b() {\n        c();\n    }\n}\n");
        assert_eq!((outer.first, outer.last), (4, 10));
    }

    #[test]
    fn a_whole_file_has_no_anchors() {
        let whole = region(FILE, None).unwrap();
        assert!(!whole.text.contains("ANCHOR") && whole.text.starts_with("mod a;\n"));
        assert_eq!((whole.first, whole.last), (1, 10));
        assert_eq!(without_anchors("a\n  # ANCHOR: x\nb # ANCHOR: y\n"), "a\nb # ANCHOR: y\n");
    }

    #[test]
    fn every_comment_syntax() {
        for (open, close) in [("//", ""), ("#", ""), ("--", ""), ("/*", " */"), ("<!--", " -->")] {
            let text = format!("{open} ANCHOR: x{close}\n  a: 1\n{open} ANCHOR_END: x{close}\n");
            assert_eq!(region(&text, Some("x")).unwrap().text, "a: 1\n");
        }
    }

    #[test]
    fn errors() {
        let error = |text: &str, name: &str| region(text, Some(name)).unwrap_err().to_string();
        assert!(error(FILE, "gone").starts_with("there is no region `gone`"));
        assert!(error(FILE, "out").starts_with("there is no region `out`"));
        assert_eq!(error(FILE, "open"), "region `open` begins on line 13 and has no `ANCHOR_END: open`");
        assert_eq!(error(FILE, "empty"), "region `empty` is empty");
        let twice = "# ANCHOR: a\nx\n# ANCHOR_END: a\n# ANCHOR: a\ny\n# ANCHOR_END: a\n";
        assert_eq!(error(twice, "a"), "region `a` begins again on line 4");
        assert!(error("# ANCHOR_END: a\nx\n# ANCHOR: a\n", "a").contains("before it begins"));
        assert_eq!(region("\n", None).unwrap_err().to_string(), "the file is empty");
        assert!(Region::read(Path::new("/nowhere/a.rs"), None).is_err());
    }
}
