//! `{{#spans trip}}`, `{{#metrics trip}}`, `{{#logs trip}}`: the tables of a capture.

use std::collections::BTreeSet;

use book::Registry;
use book::capture::{Attributes, Capture, LogRecord, Metric, Point, Span};
use serde_json::Value;

use super::words::fill;
use super::{Context, Target, not_empty};
use crate::figures::table::{Cell, Part, Row, Table, code, plain, prose};
use crate::figures::text;

pub(super) fn spans(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let capture = context.capture(slug, name)?;
    not_empty(&capture.spans, "spans")?;
    // Spans that differ in nothing but time are one row.
    let mut kinds = Vec::<(&Span, usize)>::new();
    for span in &capture.spans {
        match kinds.iter_mut().find(|(seen, _)| alike(seen, span)) {
            Some((_, count)) => *count += 1,
            None => kinds.push((span, 1)),
        }
    }
    let rows = kinds.iter().map(|(span, count)| span_row(context, span, *count)).collect();
    let keys = capture.spans.iter().flat_map(|span| span.attributes.keys());
    figure(context, (slug, name, "spans"), &capture, [context.words.span, context.words.attributes], rows, keys)
}

pub(super) fn metrics(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let capture = context.capture(slug, name)?;
    not_empty(&capture.metrics, "metrics")?;
    let registry = Registry::load(&context.folder(slug))?;
    let rows = capture.metrics.iter().map(|metric| metric_row(context, &registry, metric)).collect();
    let keys = capture.metrics.iter().flat_map(|metric| &metric.points).flat_map(|point| point.attributes.keys());
    let head = [context.words.metric, context.words.meaning_and_series];
    figure(context, (slug, name, "metrics"), &capture, head, rows, keys)
}

pub(super) fn logs(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let capture = context.capture(slug, name)?;
    not_empty(&capture.logs, "logs")?;
    let rows = capture.logs.iter().map(|log| log_row(context, &capture, log)).collect();
    let keys = capture.logs.iter().flat_map(|log| log.attributes.keys());
    figure(context, (slug, name, "logs"), &capture, [context.words.record, context.words.attributes], rows, keys)
}

/// Where a capture is, and which test received it.
pub(super) fn caption(context: &Context<'_>, slug: &str, name: &str, capture: &Capture) -> String {
    let file = format!("listings/{slug}/telemetry/{name}.json");
    let link = context.link(&file, None);
    match context.target {
        Target::Markdown => {
            let by = fill(context.words.received_by, &[&text::markdown_code(&capture.test)]);
            format!("[`{file}`]({link}){}{by}", context.words.comma)
        }
        Target::Html => {
            let by = fill(context.words.received_by, &[&format!("<code>{}</code>", text::html(&capture.test))]);
            let (link, file) = (text::html(&link), text::html(&file));
            format!("<a href=\"{link}\">{file}</a> <span class=\"by\">{by}</span>")
        }
    }
}

/// The table of a signal, and below it what the attributes mean that are in no convention.
fn figure<'a>(
    context: &Context<'_>,
    (slug, name, class): (&str, &str, &'static str),
    capture: &Capture,
    head: [&str; 2],
    rows: Vec<Row>,
    keys: impl Iterator<Item = &'a String>,
) -> anyhow::Result<String> {
    let table = Table { class, head: head.map(plain).to_vec(), rows };
    let custom = custom_attributes(context, slug, keys.collect())?;
    let caption = caption(context, slug, name, capture);
    Ok(match context.target {
        Target::Markdown => {
            let custom = custom.map_or(String::new(), |table| format!("\n{}", table.markdown()));
            format!("{caption}\n\n{}{custom}", table.markdown())
        }
        Target::Html => format!(
            "<figure class=\"telemetry\" id=\"{class}-{}\">\n<figcaption>{caption}</figcaption>\n{}{}</figure>\n",
            text::slug(name),
            table.html(),
            custom.map_or(String::new(), |table| table.html()),
        ),
    })
}

fn span_row(context: &Context<'_>, span: &Span, count: usize) -> Row {
    let mut name = code(&span.name);
    let mut facts = format!("{} · {}", span.kind.to_uppercase(), span.service);
    match span.status.as_str() {
        "error" => facts += " · Error",
        "ok" => facts += " · Ok",
        _ => {}
    }
    if count > 1 {
        facts += &format!(" · {}", fill(context.words.times, &[&count.to_string()]));
    }
    name.extend([Part::Break, Part::Text(facts)]);
    vec![name, attribute_lines(&span.attributes)].into()
}

fn alike(one: &Span, other: &Span) -> bool {
    (&one.name, &one.kind, &one.service, &one.status, &one.attributes)
        == (&other.name, &other.kind, &other.service, &other.status, &other.attributes)
}

fn metric_row(context: &Context<'_>, registry: &Registry, metric: &Metric) -> Row {
    let meaning = match registry.metric.get(&metric.name) {
        Some(custom) => custom.meaning.in_edition(context.page.edition),
        None => context.words.by_convention,
    };
    let mut cell = prose(meaning);
    cell.extend(series(context, &metric.points));
    let unit = format!("{} · {}", metric.kind.replace('_', " "), metric.unit);
    vec![vec![Part::Code(metric.name.clone()), Part::Break, Part::Text(unit)], cell].into()
}

/// What all series have in common, once; then each series by what tells it from the others.
fn series(context: &Context<'_>, points: &[Point]) -> Cell {
    let keys: BTreeSet<&String> = points.iter().flat_map(|point| point.attributes.keys()).collect();
    let varies =
        |key: &&String| points.iter().any(|point| point.attributes.get(*key) != points[0].attributes.get(*key));
    let (varying, common): (Vec<&String>, Vec<&String>) = keys.into_iter().partition(varies);
    let mut cell = Vec::new();
    for key in common {
        cell.extend([
            Part::Break,
            Part::Code(key.clone()),
            Part::Text(format!(" = {}", shown(&points[0].attributes[key]))),
        ]);
    }
    if let [key] = varying[..] {
        // One attribute tells them apart: its values in one line.
        cell.extend([Part::Break, Part::Code(key.clone()), Part::Text(" = ".to_owned())]);
        for (at, point) in points.iter().enumerate() {
            let before = if at == 0 { "" } else { context.words.list_separator };
            let name = point.attributes.get(key).map_or("–".to_owned(), shown);
            cell.extend([Part::Text(format!("{before}{name}\u{a0}")), Part::Strong(number(context, point))]);
        }
        return cell;
    }
    for point in points {
        cell.push(Part::Break);
        for key in &varying {
            let value = point.attributes.get(*key).map_or("–".to_owned(), shown);
            cell.extend([Part::Code((*key).clone()), Part::Text(format!(" = {value} "))]);
        }
        if varying.is_empty() && point.value.is_number() {
            cell.push(Part::Text(format!("{} ", context.words.value)));
        }
        cell.push(Part::Strong(number(context, point)));
    }
    cell
}

/// The value; of a histogram how often was measured, because the rest is time.
fn number(context: &Context<'_>, point: &Point) -> String {
    match point.value.get("count") {
        Some(count) => fill(context.words.observations, &[&count.to_string()]),
        None => point.value.to_string(),
    }
}

fn log_row(context: &Context<'_>, capture: &Capture, log: &LogRecord) -> Row {
    let mut record = vec![Part::Strong(log.severity.clone()), Part::Text(" ".into())];
    match &log.event_name {
        Some(event) => record.extend([Part::Code(event.clone()), Part::Break, Part::Text(log.body.clone())]),
        None => record.push(Part::Text(log.body.clone())),
    }
    if let Some(span) = log.span.and_then(|id| capture.span(id)) {
        let span = format!("{} {}", span.id + 1, span.name);
        record.extend([Part::Break, Part::Text(fill(context.words.in_span, &[&span]))]);
    }
    vec![record, attribute_lines(&log.attributes)].into()
}

/// `key = value`, a line each.
fn attribute_lines(attributes: &Attributes) -> Cell {
    let mut cell = Vec::new();
    for (key, value) in attributes {
        if !cell.is_empty() {
            cell.push(Part::Break);
        }
        cell.extend([Part::Code(key.clone()), Part::Text(format!(" = {}", shown(value)))]);
    }
    if cell.is_empty() { plain("–") } else { cell }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What our own attributes among `keys` mean.
fn custom_attributes(context: &Context<'_>, slug: &str, keys: BTreeSet<&String>) -> anyhow::Result<Option<Table>> {
    let registry = Registry::load(&context.folder(slug))?;
    let row = |key: &String| {
        let attribute = registry.attribute.get(key)?;
        let mut meaning = prose(attribute.meaning.in_edition(context.page.edition));
        for (at, value) in attribute.values.iter().enumerate() {
            let before = if at == 0 { context.words.values } else { context.words.list_separator };
            meaning.extend([Part::Text(before.to_owned()), Part::Code(value.clone())]);
        }
        Some(vec![code(key), meaning].into())
    };
    let rows: Vec<Row> = keys.into_iter().filter_map(row).collect();
    let head = [context.words.own_names, context.words.meaning].map(plain).to_vec();
    Ok((!rows.is_empty()).then_some(Table { class: "names", head, rows }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fixture, html, markdown, problem, zh_html};
    use super::*;
    use crate::figures::table;

    #[test]
    fn spans_that_differ_only_in_time_are_one_row() {
        let table = markdown("{{#spans twice}}");
        assert!(
            table
                .contains("| `GET`<br>CLIENT · shop · 2 times | `breaker.name` = pay<br>`http.request.method` = GET |"),
            "{table}"
        );
    }

    #[test]
    fn our_own_attributes_are_explained_in_the_language_of_the_page() {
        let table = html("{{#spans twice}}");
        let row = "<tr><th scope=\"row\"><code>breaker.name</code></th><td>Its name. Values: <code>pay</code>, <code>mail</code></td></tr>";
        assert!(table.contains(row), "{table}");
        assert!(!table.contains("<th scope=\"row\"><code>http.request.method"));
        assert!(zh_html("{{#spans twice}}").contains("它的名称。取值：<code>pay</code>、<code>mail</code>"));
    }

    #[test]
    fn metrics_have_kind_unit_meaning_and_series() {
        let table = markdown("{{#metrics twice}}");
        let custom =
            "| `breaker.calls`<br>counter · {call} | Calls.<br>`outcome` = failure\u{a0}**2**, success\u{a0}**7** |";
        assert!(table.contains(custom), "{table}");
        let convention = "| `http.client.request.duration`<br>histogram · s | As the semantic conventions define it.<br>**9 measurements** |";
        assert!(table.contains(convention), "{table}");
        assert!(zh_html("{{#metrics twice}}").contains("调用次数。<br>"));
    }

    #[test]
    fn what_series_have_in_common_is_said_once() {
        let point = |outcome: &str, thread: u64| Point {
            attributes: [
                ("name".into(), "pay".into()),
                ("outcome".into(), outcome.into()),
                ("thread".into(), thread.into()),
            ]
            .into(),
            value: 3.into(),
        };
        let fixture = Fixture::new();
        let shown = fixture.context(|context| series(context, &[point("ok", 1), point("bad", 2)]));
        let expected = "<br>`name` = pay<br>`outcome` = ok `thread` = 1 **3**<br>`outcome` = bad `thread` = 2 **3**";
        assert_eq!(table::markdown(&shown), expected);
    }

    #[test]
    fn logs_have_severity_event_and_span() {
        let table = markdown("{{#logs twice}}");
        assert!(table.contains("| **WARN** `breaker.transition`<br>breaker opened<br>in span 1 GET | `from` = closed<br>`rate` = 50.0 |"), "{table}");
    }

    #[test]
    fn nothing_to_show_is_an_error() {
        assert!(problem("{{#spans empty}}").ends_with("the capture has no spans"));
        assert!(problem("{{#metrics empty}}").ends_with("the capture has no metrics"));
        assert!(problem("{{#logs empty}}").ends_with("the capture has no logs"));
    }
}
