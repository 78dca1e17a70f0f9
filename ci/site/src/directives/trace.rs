//! `{{#trace trip}}`: the waterfall of a capture.

use book::Capture;
use book::capture::Span;

use super::words::fill;
use super::{Context, Target, not_empty};
use crate::figures::numbers::duration;
use crate::figures::table::{Cell, Part, Row, Table, plain};
use crate::figures::text;
use crate::figures::waterfall::{self, Labels};

pub(super) fn show(context: &Context<'_>, slug: &str, name: &str) -> anyhow::Result<String> {
    let capture = context.capture(slug, name)?;
    not_empty(&capture.spans, "spans")?;
    let table = table(context, &capture);
    Ok(match context.target {
        Target::Markdown => {
            format!("{}\n\n{}", super::telemetry::caption(context, slug, name, &capture), table.markdown())
        }
        Target::Html => figure(context, slug, name, &capture, &table),
    })
}

fn figure(context: &Context<'_>, slug: &str, name: &str, capture: &Capture, table: &Table) -> String {
    let words = context.words;
    let id = format!("trace-{}", text::slug(name));
    let (spans, traces, longest) = waterfall::counts(capture);
    let labels = Labels {
        title: fill(words.waterfall, &[name]),
        description: fill(words.waterfall_desc, &[&spans.to_string(), &traces.to_string(), &longest]),
        trace: words.trace,
        later: words.later,
        link: words.link,
    };
    format!(
        "<figure class=\"trace\" id=\"{id}\">\n<figcaption>{}</figcaption>\n{}{}<details>\n<summary>{}</summary>\n{}</details>\n</figure>\n",
        super::telemetry::caption(context, slug, name, capture),
        legend(context, capture),
        waterfall::draw(&id, capture, &labels),
        words.as_table,
        table.html(),
    )
}

/// Which colour is which service, when there are several.
fn legend(context: &Context<'_>, capture: &Capture) -> String {
    let services = waterfall::services(capture);
    if services.len() < 2 {
        return String::new();
    }
    let item = |service: &&str| {
        let class = waterfall::service_class(&services, service);
        format!("<li class=\"{class}\">{}</li>", text::html(service))
    };
    let items: String = services.iter().map(item).collect();
    format!("<ul class=\"services\" aria-label=\"{}\">{items}</ul>\n", context.words.services)
}

/// The spans as rows, for whoever does not see the drawing.
fn table(context: &Context<'_>, capture: &Capture) -> Table {
    let words = context.words;
    let several = capture.spans.iter().any(|span| span.trace > 0);
    let (mut rows, mut trace) = (Vec::<Row>::new(), None);
    for span in &capture.spans {
        if several && trace.replace(span.trace) != Some(span.trace) {
            rows.push(Row::Group(fill(words.trace, &[&(span.trace + 1).to_string()])));
        }
        rows.push(row(context, capture, span).into());
    }
    let head = [words.number, words.span, words.start, words.duration, words.remarks];
    Table { class: "timeline", head: head.into_iter().map(plain).collect(), rows }
}

fn row(context: &Context<'_>, capture: &Capture, span: &Span) -> Vec<Cell> {
    let words = context.words;
    let indent = "└ ".repeat(usize::from(span.parent.is_some()));
    let indent = "\u{a0}\u{a0}".repeat(capture.depth(span).saturating_sub(1)) + &indent;
    let mut remarks = vec![format!("{} {}", span.service, span.kind.to_uppercase())];
    if span.status == "error" || waterfall::error_type(span).is_some() {
        remarks.push(fill(words.error, &[waterfall::error_type(span).unwrap_or("-")]));
    }
    if span.remote_parent {
        remarks.push(words.remote_parent.to_owned());
    }
    remarks.extend(span.links.iter().map(|link| fill(words.link, &[&(link + 1).to_string()])));
    vec![
        plain((span.id + 1).to_string()),
        vec![Part::Text(indent), Part::Code(span.name.clone())],
        plain(duration(span.start_us)),
        plain(duration(span.duration_us)),
        plain(remarks.join(words.list_separator)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{html, markdown, problem, zh_html};

    #[test]
    fn the_drawing_is_named_described_and_repeated_as_a_table() {
        let figure = html("{{#trace trip}}");
        assert!(figure.contains("role=\"img\" aria-labelledby=\"trace-trip-title trace-trip-desc\""), "{figure}");
        assert!(figure.contains("<title id=\"trace-trip-title\">Trace waterfall “trip”</title>"));
        assert!(figure.contains("<desc id=\"trace-trip-desc\">Spans: 3, traces: 2, longest trace: 8.00\u{a0}ms."));
        assert!(figure.contains("<details>\n<summary>The same as a table</summary>"));
        assert!(!figure.contains("\n\n"), "an empty line would end the HTML block:\n{figure}");
    }

    #[test]
    fn errors_and_links_are_said_not_only_coloured() {
        let figure = html("{{#trace trip}}");
        assert!(figure.contains("<tspan class=\"mark\">✕ </tspan>POST"), "{figure}");
        assert!(figure.contains("shop · CLIENT · <tspan class=\"error-type\">503</tspan>"));
        assert!(figure.contains("link → 2</text>") && figure.contains("class=\"link\""));
        assert!(figure.contains("Trace 2 · starts 20.0\u{a0}ms later"));
    }

    #[test]
    fn places_are_on_one_scale() {
        let figure = html("{{#trace trip}}");
        assert!(figure.contains("<rect class=\"bar\" x=\"0.00%\" y=\"98\" width=\"100.00%\""), "{figure}");
        assert!(figure.contains("<rect class=\"bar\" x=\"25.00%\" y=\"152\" width=\"50.00%\""));
        assert!(figure.contains("width=\"0.40%\""), "the shortest bar can still be seen");
    }

    #[test]
    fn chinese_and_markdown() {
        let figure = zh_html("{{#trace trip}}");
        assert!(figure.contains("链路瀑布图“trip”") && figure.contains("链路 2 · 晚 20.0\u{a0}ms 开始"), "{figure}");
        let table = markdown("{{#trace trip}}");
        assert!(table.starts_with("[`listings/patterns/breaker/telemetry/trip.json`]("), "{table}");
        assert!(table.contains("| 2 | └ `POST` | 2.00\u{a0}ms | 4.00\u{a0}ms | shop CLIENT, error: 503 |"));
    }

    #[test]
    fn an_empty_or_missing_capture_is_an_error() {
        assert!(
            problem("{{#trace gone}}")
                .contains("telemetry/gone.json is missing; a test writes it: run `cargo xtask capture`")
        );
        assert!(problem("{{#trace empty}}").contains("the capture has no spans"));
        assert!(problem("{{#trace stale}}").contains("its test `tests/t.rs::renamed` does not exist any more"));
    }
}
