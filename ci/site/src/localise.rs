//! What mdBook itself says, in Chinese.
//!
//! The Chinese edition is built with mdBook's own templates, in which these strings have been replaced. A string that is
//! not there any more (mdBook was upgraded) fails the build.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use mdbook_html::theme::Theme;
use mdbook_renderer::config::HtmlConfig;
use walkdir::WalkDir;

/// A file of mdBook's theme, and what to replace in it.
struct File {
    name: &'static str,
    strings: &'static [(&'static str, &'static str)],
}

const FILES: [File; 2] = [
    File {
        name: "index.hbs",
        strings: &[
            ("Keyboard shortcuts", "键盘快捷键"),
            (
                "Press <kbd>←</kbd> or <kbd>→</kbd> to navigate between chapters",
                "<kbd>←</kbd> 或 <kbd>→</kbd>：上一页、下一页",
            ),
            ("Press <kbd>S</kbd> or <kbd>/</kbd> to search in the book", "<kbd>S</kbd> 或 <kbd>/</kbd>：搜索全书"),
            ("Press <kbd>?</kbd> to show this help", "<kbd>?</kbd>：显示本帮助"),
            ("Press <kbd>Esc</kbd> to hide this help", "<kbd>Esc</kbd>：关闭本帮助"),
            (r#"aria-label="Table of contents""#, r#"aria-label="目录""#),
            (
                r#"title="Toggle Table of Contents" aria-label="Toggle Table of Contents""#,
                r#"title="显示或隐藏目录" aria-label="显示或隐藏目录""#,
            ),
            (r#"title="Change theme" aria-label="Change theme""#, r#"title="切换主题" aria-label="切换主题""#),
            (r#"aria-label="Themes""#, r#"aria-label="主题""#),
            (">Auto</button>", ">自动</button>"),
            (">Light</button>", ">浅色</button>"),
            (">Rust</button>", ">铁锈</button>"),
            (">Coal</button>", ">煤黑</button>"),
            (">Navy</button>", ">海军蓝</button>"),
            (
                r#"title="Search (`/`)" aria-label="Toggle Searchbar""#,
                r#"title="搜索（`/`）" aria-label="打开或关闭搜索""#,
            ),
            (r#"title="Print this book" aria-label="Print this book""#, r#"title="打印全书" aria-label="打印全书""#),
            (r#"title="Git repository" aria-label="Git repository""#, r#"title="源码仓库" aria-label="源码仓库""#),
            (r#"title="Suggest an edit" aria-label="Suggest an edit""#, r#"title="改进本页" aria-label="改进本页""#),
            (r#"placeholder="Search this book ...""#, r#"placeholder="搜索本书……""#),
            (r#"aria-label="Page navigation""#, r#"aria-label="翻页""#),
            (r#"title="Previous chapter" aria-label="Previous chapter""#, r#"title="上一页" aria-label="上一页""#),
            (r#"title="Next chapter" aria-label="Next chapter""#, r#"title="下一页" aria-label="下一页""#),
        ],
    },
    File {
        name: "book.js",
        strings: &[
            ("Show hidden lines", "显示隐藏的行"),
            ("Hide lines", "隐藏这些行"),
            ("Copy to clipboard", "复制"),
            ("Copied!", "已复制"),
            ("Clipboard error!", "复制失败"),
            ("Run this code", "运行这段代码"),
            ("Undo changes", "撤销修改"),
            ("Running...", "正在运行……"),
            ("No output", "没有输出"),
            ("Playground Communication: ", "与 Playground 通信："),
        ],
    },
];

/// The titles of admonitions, which mdBook writes from Rust.
const ADMONITIONS: [(&str, &str); 5] =
    [("Note", "注"), ("Tip", "提示"), ("Important", "重要"), ("Warning", "警告"), ("Caution", "小心")];

/// Writes a theme for the Chinese edition into `out`: the book's own, over mdBook's in Chinese.
///
/// # Errors
///
/// When mdBook no longer says what the table translates, or a file cannot be read or written.
pub fn theme(own: &Path, out: &Path) -> anyhow::Result<()> {
    let defaults = out.join("mdbook");
    let mut html = HtmlConfig::default();
    html.theme = Some(defaults.clone());
    Theme::copy_theme(&html, Path::new(""))?;
    for file in &FILES {
        let text = fs::read_to_string(defaults.join(file.name))?;
        fs::write(out.join(file.name), translate(file.name, text, file.strings)?)?;
    }
    copy(own, out)
}

fn translate(name: &str, mut text: String, strings: &[(&str, &str)]) -> anyhow::Result<String> {
    for (english, chinese) in strings {
        ensure!(text.contains(english), "mdBook's {name} no longer says `{english}`: mend ci/site/src/localise.rs");
        text = text.replace(english, chinese);
    }
    Ok(text)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in WalkDir::new(from).follow_links(true) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| entry.path().display().to_string())?;
        }
    }
    Ok(())
}

/// The Chinese title of an admonition.
pub fn admonition(english: &str) -> Option<&'static str> {
    ADMONITIONS.iter().find(|(title, _)| *title == english).map(|(_, chinese)| *chinese)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_of_the_table_is_still_there() {
        let (own, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(own.path().join("head.hbs"), "own").unwrap();
        theme(own.path(), out.path()).unwrap();
        let index = fs::read_to_string(out.path().join("index.hbs")).unwrap();
        assert!(index.contains(r#"placeholder="搜索本书……""#) && !index.contains("Search this book"));
        assert_eq!(fs::read_to_string(out.path().join("head.hbs")).unwrap(), "own");
    }

    #[test]
    fn a_string_that_is_gone_is_named() {
        let error = translate("index.hbs", "Search the book".into(), &[("Search this book", "搜索")]).unwrap_err();
        assert!(error.to_string().contains("index.hbs no longer says `Search this book`"), "{error}");
    }

    #[test]
    fn admonitions() {
        assert_eq!(admonition("Warning"), Some("警告"));
        assert_eq!(admonition("Danger"), None);
    }
}
