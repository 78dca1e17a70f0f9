use super::*;
use crate::testing::{pair, tree, write};

/// The problems between two sides of one page.
fn problems(en: &str, zh: &str) -> Vec<String> {
    let root = pair(en, zh);
    let book = Book::open(root.path()).unwrap();
    check(&book).unwrap().iter().map(Problem::to_string).collect()
}

const EN: &str = "# Breaker\n\nOne [a](b.md), then [c](https://example.org/docs/).\n\n## Trip {#trip}\n\n{{#trace trip}}\n\n\
                  ```rust\nlet a = 1;\nlet b = 2;\n```\n\n```mermaid\nA --> B: open\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\
                  > [!NOTE]\n> Well.\n";
const ZH: &str = "# 熔断器\n\n先 [丙](https://example.org/zh/docs/)，再 [甲](b.md)。\n\n## 熔断 {#trip}\n\n{{#trace trip}}\n\n\
                  ```rust\nlet a = 1;\nlet b = 2;\n```\n\n```mermaid\nA --> B: 打开\n```\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n\
                  > [!NOTE]\n> 好。\n";

#[test]
fn equal_structure_passes() {
    assert_eq!(problems(EN, ZH), [""; 0]);
}

/// Breaks the Chinese side and returns the only problem that follows.
fn broken(from: &str, to: &str) -> String {
    assert!(ZH.contains(from));
    let found = problems(EN, &ZH.replace(from, to));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

#[test]
fn each_difference_is_one_problem_that_names_both_sides() {
    let heading = "src/zh/a.md:5: the level-3 heading #trip, but src/en/a.md:5 has the level-2 heading #trip";
    assert_eq!(broken("## 熔断", "### 熔断"), heading);
    let id = "src/zh/a.md:5: the level-2 heading #trips, but src/en/a.md:5 has the level-2 heading #trip";
    assert_eq!(broken("{#trip}", "{#trips}"), id);
    let directive = "src/zh/a.md:7: {{#trace reset}}, but src/en/a.md:7 has {{#trace trip}}";
    assert_eq!(broken("{{#trace trip}}", "{{#trace reset}}"), directive);
    let missing = "src/zh/a.md:8: before this, {{#trace trip}} is missing, which src/en/a.md:7 has";
    assert_eq!(broken("{{#trace trip}}\n", ""), missing);
    let code = "src/zh/a.md:9: the rust fence `let a = 1;` of 2 lines, but src/en/a.md:9 has the rust fence `let a = 1;` \
                of 2 lines; in line 2 of the fence: `let b = 3;` here, `let b = 2;` there";
    assert_eq!(broken("let b = 2;", "let b = 3;"), code);
    assert!(broken("```rust", "```text").contains("has the rust fence"));
    assert!(broken("A --> B: 打开", "A --> B: 打开\nB --> A: 关闭").contains("the mermaid fence"));
    let table =
        "src/zh/a.md:18: a table of 2 rows and 2 columns, but src/en/a.md:18 has a table of 1 rows and 2 columns";
    assert_eq!(broken("| 1 | 2 |", "| 1 | 2 |\n| 3 | 4 |"), table);
    assert_eq!(broken("[!NOTE]", "[!TIP]"), "src/zh/a.md:22: [!TIP], but src/en/a.md:22 has [!NOTE]");
    let extra = "src/zh/a.md:25: a quote, which src/en/a.md does not have before line 22";
    assert_eq!(broken("> 好。\n", "> 好。\n\n> 多。\n"), extra);
}

#[test]
fn links_are_compared_as_a_multiset() {
    let found = problems(EN, &ZH.replace("(b.md)", "(c.md)"));
    assert_eq!(
        found,
        [
            "src/zh/a.md:1: `b.md` is linked nowhere, in src/en/a.md on line 3",
            "src/zh/a.md:3: `c.md` is linked on line 3, in src/en/a.md nowhere",
        ]
    );
}

#[test]
fn every_problem_is_reported() {
    let zh = ZH.replace("{{#trace trip}}", "{{#trace}}").replace("{#trip}", "").replace("> [!NOTE]", "> [!TIP]");
    let found = problems(EN, &zh);
    assert!(found.contains(&"src/zh/a.md:7: `{{#trace}}` needs the name of a capture in `telemetry/`".to_owned()));
    assert!(found.iter().any(|problem| problem.contains("a heading needs an id")));
    assert!(found.iter().any(|problem| problem.contains("[!TIP]")));
}

#[test]
fn headings_of_one_side() {
    let found = |text: &str| problems(text, text);
    assert!(found("# A\n\n## B {#熔断}\n")[0].contains("ASCII"));
    assert_eq!(found("# A\n\n## B {#b}\n\n## C {#b}\n")[0], "src/en/a.md:5: `#b` is taken by the heading on line 3");
    assert_eq!(found("text\n")[0], "src/en/a.md:1: a page has one title `# …`; this one has 0");
    assert!(found("# A\n\n```rust,ignore\nx\n```\n")[0].contains("is not tested"));
}

#[test]
fn contents_and_files() {
    let root = tree(&[
        ("book.toml", ""),
        ("src/en/SUMMARY.md", "# Summary\n\n[A](a.md)\n\n# P\n\n- [B](b.md)\n  - [C](c.md)\n"),
        ("src/zh/SUMMARY.md", "# 目录\n\n[甲](a.md)\n\n- [乙](b.md)\n- [丙](c.md)\n"),
    ]);
    for page in ["en/a", "en/b", "en/c", "zh/a", "zh/b", "zh/d"] {
        write(root.path(), &format!("src/{page}.md"), "# A\n");
    }
    let problems = check(&Book::open(root.path()).unwrap()).unwrap();
    let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        problems,
        [
            "src/zh/SUMMARY.md:5: before this, a part is missing, which src/en/SUMMARY.md:5 has",
            "src/zh/SUMMARY.md:6: `c.md` on level 1, but src/en/SUMMARY.md:8 has `c.md` on level 2",
            "src/zh/d.md:1: this page is not in src/zh/SUMMARY.md: list it or delete it",
            "src/zh/c.md:1: src/zh/SUMMARY.md lists it, but: No such file or directory (os error 2)",
        ]
    );
}
