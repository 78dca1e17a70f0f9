//! The page has each region of this crate, and quotes the compiler, in both languages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::refused::{ANSWERS, Refusal};

/// The wording of messages changes; this is the compiler that the page quotes. Their codes are checked with any.
const RUSTC: &str = "rustc 1.95.";

fn pages() -> [(&'static str, String); 2] {
    ["en", "zh"].map(|language| {
        let path = format!("../../../src/{language}/foundations/migration.md");
        (language, std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
    })
}

fn files(folder: &str) -> Vec<(String, String)> {
    let entries = Path::new(folder).read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn each_region_is_on_the_page() {
    for (path, text) in [files("src"), files("tests/migration")].concat() {
        for region in text.lines().filter_map(|line| line.strip_prefix("// ANCHOR: ")) {
            for (language, page) in pages() {
                assert!(page.contains(&format!("{{{{#listing {path}:{region}}}}}")), "{language}: {path}:{region}");
            }
        }
    }
}

#[test]
fn each_message_is_on_the_page_and_leads_to_its_new_form() {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    if !version.starts_with(RUSTC.as_bytes()) {
        return eprintln!("the page quotes {RUSTC}x, and this is another compiler: only the codes are compared");
    }
    let rows: BTreeSet<_> = ANSWERS.iter().map(|(old, refusals)| row(&old.region, &refusals[0])).collect();
    for (language, page) in pages() {
        let is_there =
            |(quote, link): &&(String, String)| page.lines().any(|line| line.contains(quote) && line.contains(link));
        let missing: Vec<_> = rows.iter().filter(|row| !is_there(row)).collect();
        assert!(missing.is_empty(), "{language}: {missing:#?}");
        let quoted = page.lines().filter(|line| line.contains("](#listing-src-")).count();
        assert_eq!(quoted, rows.len(), "{language}: the table has a message that nobody provokes");
    }
}

/// What a row of the table must have: the message, and the link to the region.
fn row(region: &str, refusal: &Refusal) -> (String, String) {
    let id = region.replace(['/', '.', ':', '_'], "-");
    (format!("`` {} ``", refusal.quote()), format!("](#listing-{id})"))
}

#[test]
fn each_silent_change_is_in_the_table() {
    let silent = |name: &&str| name.starts_with("changed_") || name.starts_with("symptom_");
    let tests = files("tests/migration").into_iter().map(|(_, text)| text).collect::<String>();
    let functions = tests.lines().filter_map(|line| line.trim_start_matches("async ").strip_prefix("fn "));
    let tests: BTreeSet<_> = functions.filter_map(|rest| rest.split('(').next()).filter(silent).collect();
    for (language, page) in pages() {
        let named: BTreeSet<_> = page.split('`').filter(silent).collect();
        assert_eq!(named, tests, "{language}");
    }
}
