//! Both README: the map shows the folders that are there, and the table the commands that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use clap::CommandFactory;

use crate::Arguments;
use crate::process::{command, output};
use crate::root::root;

/// Checks both.
pub fn run() -> anyhow::Result<()> {
    let tracked = output(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let folders: BTreeSet<&str> = tracked.lines().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let commands: Vec<String> = Arguments::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .collect();
    for file in ["README.md", "README.zh.md"] {
        let text = fs::read_to_string(root().join(file)).with_context(|| file.to_owned())?;
        check(&text, root(), &folders, &commands).with_context(|| file.to_owned())?;
    }
    Ok(())
}

fn check(text: &str, root: &Path, folders: &BTreeSet<&str>, commands: &[String]) -> anyhow::Result<()> {
    let map = map(text)?;
    for path in &map {
        ensure!(root.join(path).exists(), "the map shows {path}, which is not there");
    }
    for folder in folders.iter().filter(|folder| !folder.starts_with('.')) {
        ensure!(map.iter().any(|path| path.split('/').next() == Some(folder)), "the map does not show {folder}/");
    }
    for command in commands {
        ensure!(text.contains(&format!("| `cargo xtask {command}")), "no row for `cargo xtask {command}`");
    }
    Ok(())
}

/// The paths of the map: the fence whose first line is `book.toml`. What is indented lies in the folder above it.
fn map(text: &str) -> anyhow::Result<Vec<String>> {
    let (_, rest) =
        text.split_once("```text\nbook.toml").context("it has no map: a fence that begins with book.toml")?;
    let (lines, _) = rest.split_once("\n```").context("its map does not end")?;
    let (mut paths, mut folder) = (vec!["book.toml".to_owned()], String::new());
    for line in lines.lines().skip(1) {
        // Two spaces or more stand between the paths and what they are.
        let names = line.trim_start().split("  ").next().unwrap_or_default();
        for name in names.split([',', '、', ' ']).filter(|name| !name.is_empty()) {
            if line.starts_with(' ') {
                paths.push(format!("{folder}{name}"));
            } else {
                folder = name.to_owned();
                paths.push(folder.clone());
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "# X\n\n| `cargo xtask test` |\n\n```text\nbook.toml   one\nsrc/en, src/zh  pages\nci/         what\n  xtask/    this\n```\n";

    fn verdict(text: &str, folders: &[&str], commands: &[&str]) -> String {
        let commands: Vec<String> = commands.iter().map(|command| (*command).to_owned()).collect();
        let folders = folders.iter().copied().collect();
        check(text, root(), &folders, &commands).map_or_else(|error| error.to_string(), |()| "good".into())
    }

    #[test]
    fn the_map_and_the_commands_are_those_of_the_repository() {
        assert_eq!(map(MAP).unwrap(), ["book.toml", "src/en", "src/zh", "ci/", "ci/xtask/"]);
        assert_eq!(verdict(MAP, &["src", "ci", ".github"], &["test"]), "good");
        assert_eq!(verdict(MAP, &["src", "ci", "theme"], &["test"]), "the map does not show theme/");
        assert_eq!(verdict(MAP, &["src"], &["test", "serve"]), "no row for `cargo xtask serve`");
        let gone = MAP.replace("xtask/ ", "gone/ ");
        assert_eq!(verdict(&gone, &["src"], &["test"]), "the map shows ci/gone/, which is not there");
        assert!(verdict("# X\n", &[], &[]).contains("no map"));
    }
}
