//! `{{#bench call}}`: what was measured, as a table whose cells hold a bar chart.

use std::collections::BTreeMap;

use book::Results;
use book::results::{Better, Row as Measured};

use super::words::fill;
use super::{Context, Target};
use crate::figures::bars::Scale;
use crate::figures::numbers::{quantity, significant};
use crate::figures::table::{Cell, Part, Row, Table, plain};
use crate::figures::text;

pub(super) fn show(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let results = Results::load(&context.folder(slug), name)?;
    let figure = Figure { context, slug, results: &results, labels: labels(context, slug, &results)? };
    Ok(match context.target {
        Target::Html => figure.html(),
        Target::Markdown => figure.markdown(),
    })
}

/// Cases and subjects in the language of the page. What has a version or is this listing has its own name everywhere.
fn labels(context: &Context<'_>, slug: &str, results: &Results) -> anyhow::Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for row in &results.rows {
        labels.insert(row.case.clone(), context.label(&row.case)?);
        let named = results.versions.contains_key(&row.subject) || row.subject == own_name(slug);
        let label = if named { row.subject.clone() } else { context.label(&row.subject)? };
        labels.insert(row.subject.clone(), label);
    }
    Ok(labels)
}

fn own_name(slug: &str) -> &str {
    slug.rsplit('/').next().unwrap_or(slug)
}

struct Figure<'a> {
    context: &'a Context<'a>,
    slug: &'a str,
    results: &'a Results,
    labels: BTreeMap<String, String>,
}

impl Figure<'_> {
    fn html(&self) -> String {
        let words = self.context.words;
        let scale = self.scale();
        let mut chart = self.reading(scale);
        chart.push(Part::Svg(scale.axis()));
        let head = vec![plain(words.subject), plain(&self.results.unit), chart];
        let mut rows = Vec::<Row>::new();
        let mut case = None;
        for row in &self.results.rows {
            if case.replace(&row.case) != Some(&row.case) {
                rows.push(Row::Group(self.labels[&row.case].clone()));
            }
            rows.push(self.row(row, scale));
        }
        let table = Table { class: "bench", head, rows };
        format!(
            "<figure class=\"bench\" id=\"bench-{}\">\n<figcaption>{}</figcaption>\n{}{}</figure>\n",
            text::slug(&self.results.name),
            self.caption(),
            table.html(),
            self.circumstances().iter().map(|line| format!("<p{}\n", line.html())).collect::<String>(),
        )
    }

    fn markdown(&self) -> String {
        let words = self.context.words;
        let head = [words.case, words.subject, &self.results.unit, words.interval].map(plain).to_vec();
        let row = |row: &Measured| -> Row {
            let subject =
                if self.is_own(row) { vec![Part::Strong(self.subject(row))] } else { plain(self.subject(row)) };
            vec![plain(&self.labels[&row.case]), subject, plain(significant(row.value)), plain(interval(row))].into()
        };
        let table = Table { class: "bench", head, rows: self.results.rows.iter().map(row).collect() };
        let lines: String = self.circumstances().iter().map(|line| format!("\n{}\n", line.markdown())).collect();
        format!("{}\n\n{}{lines}", self.caption(), table.markdown())
    }

    fn scale(&self) -> Scale {
        Scale::of(&self.results.rows.iter().flat_map(|row| [row.low, row.high]).collect::<Vec<_>>())
    }

    /// What a reader must know before comparing lengths.
    fn reading(&self, scale: Scale) -> Cell {
        let mut words = vec![self.better()];
        if scale.is_logarithmic() {
            words.push(self.context.words.logarithmic);
        }
        plain(words.join(self.context.words.comma))
    }

    fn better(&self) -> &'static str {
        match self.results.better {
            Better::Lower => self.context.words.lower,
            Better::Higher => self.context.words.higher,
        }
    }

    fn row(&self, row: &Measured, scale: Scale) -> Row {
        let mut number = vec![Part::Strong(quantity(row.value, &self.results.unit))];
        if row.low < row.high {
            number.extend([Part::Break, Part::Text(interval(row))]);
        }
        let chart = vec![Part::Svg(scale.bar(row.value, row.low, row.high))];
        Row::Cells(vec![plain(self.subject(row)), number, chart], if self.is_own(row) { "own" } else { "" })
    }

    /// Its name; of this listing with a remark, because colour alone does not say it.
    fn subject(&self, row: &Measured) -> String {
        let label = &self.labels[&row.subject];
        let words = self.context.words;
        if self.is_own(row) {
            format!("{label}{}{}{}", words.open, words.this_listing, words.close)
        } else {
            label.clone()
        }
    }

    /// Variants of the listing are named after it: `circuit-breaker, telemetry on`.
    fn is_own(&self, row: &Measured) -> bool {
        let rest = row.subject.strip_prefix(own_name(self.slug));
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-'))
    }

    fn caption(&self) -> String {
        let file = format!("listings/{}/results/{}.json", self.slug, self.results.name);
        let link = self.context.link(&file, None);
        match self.context.target {
            Target::Markdown => format!("[`{file}`]({link}), {}, {}", self.results.unit, self.better()),
            Target::Html => format!("<a href=\"{}\">{}</a>", text::html(&link), text::html(&file)),
        }
    }

    /// When, how, where, with what; and whether the code has moved on since.
    fn circumstances(&self) -> Vec<Line> {
        let Results { command, date, machine, versions, .. } = self.results;
        let words = self.context.words;
        let (before, after) = words.measured_on.split_once("{}").unwrap_or_default();
        let (between, end) = after.split_once("{}").unwrap_or_default();
        let [before, between] = [before, &format!("{date}{between}")].map(str::to_owned);
        let end = format!("{end}{}", words.full_stop);
        let mut lines =
            vec![Line::new("", vec![Part::Text(before + &between), Part::Code(command.clone()), Part::Text(end)])];
        let (cores, memory) = (machine.cores.to_string(), machine.memory_gib.to_string());
        let machine = fill(words.machine, &[&machine.cpu, &cores, &memory, &machine.os, &machine.kernel]);
        let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let versions = fill(words.versions, &[&versions.join(words.list_separator)]);
        lines.push(Line::new("", plain(format!("{machine}{}{versions}", words.space))));
        let changed = self.results.changed_sources(&self.context.book.listings_folder());
        if !changed.is_empty() {
            let sources: Vec<String> = changed.iter().map(|path| format!("listings/{path}")).collect();
            let changed = fill(words.changed_since, &[&sources.join(words.list_separator)]);
            lines.push(Line::new("changed", plain(format!("⚠ {changed}"))));
        }
        lines
    }
}

/// A line below the table.
struct Line {
    class: &'static str,
    parts: Cell,
}

impl Line {
    fn new(class: &'static str, parts: Cell) -> Self {
        Self { class, parts }
    }

    /// From the tag's name on, so that a class may follow.
    fn html(&self) -> String {
        let class = if self.class.is_empty() { String::new() } else { format!(" class=\"{}\"", self.class) };
        format!("{class}>{}</p>", crate::figures::table::html(&self.parts))
    }

    fn markdown(&self) -> String {
        crate::figures::table::markdown(&self.parts)
    }
}

/// `13.9–14.5`, or nothing for a number without an interval.
fn interval(row: &Measured) -> String {
    if row.low == row.high { String::new() } else { format!("{}–{}", significant(row.low), significant(row.high)) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fixture, html, markdown, problem, zh_html, zh_problem};

    #[test]
    fn a_table_with_bars_and_circumstances() {
        let figure = html("{{#bench call}}");
        assert!(figure.contains("<th colspan=\"3\" scope=\"colgroup\">closed call, 1 thread</th>"), "{figure}");
        let own = "<tr class=\"own\"><th scope=\"row\">breaker (this listing)</th><td><strong>14.2\u{a0}ns</strong><br>13.9–14.5</td><td><svg";
        assert!(figure.contains(own), "{figure}");
        assert!(figure.contains("<tr><th scope=\"row\">failsafe</th><td><strong>52.0\u{a0}ns</strong><br>51.0–53.0"));
        assert!(figure.contains("<p>Measured on 2026-11-24 with <code>cargo xtask bench patterns/breaker</code>.</p>"));
        let machine =
            "<p>Machine: EPYC, 2 cores, 24 GiB, Debian 12, kernel 6.1. Versions: failsafe 1.3.0, rustc 1.95.0.</p>";
        assert!(figure.contains(machine), "{figure}");
        assert!(!figure.contains("logarithmic") && !figure.contains("changed") && !figure.contains("\n\n"));
    }

    #[test]
    fn a_wide_range_is_logarithmic_and_says_so() {
        assert!(
            html("{{#bench wide}}")
                .contains("<th scope=\"col\">ns</th><th scope=\"col\">lower is better, logarithmic scale<svg")
        );
    }

    #[test]
    fn says_when_the_code_has_changed_since() {
        let fixture = Fixture::new();
        fixture.write("listings/patterns/breaker/src/window.rs", "changed");
        let mark =
            "<p class=\"changed\">⚠ The code has changed since this was measured: listings/patterns/breaker/src.</p>";
        assert!(fixture.html("{{#bench call}}").contains(mark));
        assert!(fixture.markdown("{{#bench call}}").contains("⚠ The code has changed since"));
    }

    #[test]
    fn chinese_has_labels_or_fails() {
        let figure = zh_html("{{#bench call}}");
        assert!(figure.contains(">关闭状态，单线程</th>") && figure.contains("breaker（本章程序）"), "{figure}");
        assert!(
            figure.contains("<p>2026-11-24 测得，命令 <code>cargo xtask bench patterns/breaker</code>。</p>"),
            "{figure}"
        );
        let label = "src/zh/patterns/breaker/labels.toml has no label for it: \"wide case\" = \"…\"";
        assert_eq!(zh_problem("{{#bench wide}}"), label);
    }

    #[test]
    fn markdown_and_errors() {
        let table = markdown("{{#bench call}}");
        assert!(table.contains("| closed call, 1 thread | **breaker (this listing)** | 14.2 | 13.9–14.5 |"), "{table}");
        assert!(problem("{{#bench gone}}").contains("results/gone.json is missing; `cargo xtask bench`"));
        assert!(problem("{{#bench hollow}}").ends_with("hollow.json: `rows` is empty"));
    }
}
