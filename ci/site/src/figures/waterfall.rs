//! A trace waterfall as one inline SVG without a view box: positions along time are percentages, text is in pixels. It
//! takes the width it is given, and its text has the same size on a phone as on a desktop.

use std::fmt::Write as _;

use book::Capture;
use book::capture::Span;
use serde_json::Value;

use super::numbers::{duration, percent, step};
use super::text;

/// Heights in pixels.
const AXIS: usize = 26;
const TRACE: usize = 34;
const ROW: usize = 54;
/// Pixels a child is indented by.
const INDENT: usize = 16;
/// How many services have a colour of their own.
const COLOURS: usize = 6;

/// What the drawing says, in the language of the page.
pub(crate) struct Labels<'a> {
    pub title: String,
    pub description: String,
    /// `Trace {}`.
    pub trace: &'a str,
    /// `starts {} later`.
    pub later: &'a str,
    /// `link to {}`.
    pub link: &'a str,
}

/// The services of a capture in order of appearance.
pub(crate) fn services(capture: &Capture) -> Vec<&str> {
    let mut services = Vec::new();
    for span in &capture.spans {
        if !services.contains(&span.service.as_str()) {
            services.push(&span.service);
        }
    }
    services
}

/// The class that gives a service its colour.
pub(crate) fn service_class(services: &[&str], service: &str) -> String {
    format!("service-{}", services.iter().position(|known| *known == service).unwrap_or_default() % COLOURS + 1)
}

/// The value of `error.type`, when there is one.
pub(crate) fn error_type(span: &Span) -> Option<&str> {
    span.attributes.get("error.type").and_then(Value::as_str)
}

/// Draws all spans of `capture`, a row each. Every trace starts at zero, and all share one scale, so that lengths can be
/// compared across traces.
pub(crate) fn draw(id: &str, capture: &Capture, labels: &Labels<'_>) -> String {
    let layout = Layout::of(capture);
    let mut body = layout.axis();
    for (at, trace) in layout.traces.iter().enumerate() {
        if layout.traces.len() > 1 {
            body += &layout.heading(at, trace, labels);
        }
    }
    for row in &layout.rows {
        body += &layout.row(row, labels);
    }
    for (at, row) in layout.rows.iter().enumerate() {
        for link in &row.span.links {
            body += &layout.link(at, *link);
        }
    }
    let linked = if layout.rows.iter().any(|row| !row.span.links.is_empty()) { " linked" } else { "" };
    format!(
        "<svg class=\"waterfall{linked}\" height=\"{}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{body}</svg>\n",
        layout.height,
        text::html(&labels.title),
        text::html(&labels.description),
    )
}

struct Layout<'a> {
    capture: &'a Capture,
    services: Vec<&'a str>,
    traces: Vec<Trace>,
    rows: Vec<SpanRow<'a>>,
    /// Microseconds from the left edge to the right.
    scale: f64,
    height: usize,
}

struct Trace {
    start: u64,
    /// Where its heading stands.
    y: usize,
}

struct SpanRow<'a> {
    span: &'a Span,
    y: usize,
    depth: usize,
}

impl<'a> Layout<'a> {
    fn of(capture: &'a Capture) -> Self {
        let numbers = || capture.spans.iter().map(|span| span.trace);
        let count = numbers().max().map_or(0, |last| last + 1);
        let of_trace = |trace: usize| capture.spans.iter().filter(move |span| span.trace == trace);
        let start = |trace| of_trace(trace).map(|span| span.start_us).min().unwrap_or_default();
        let end = |trace| of_trace(trace).map(|span| span.start_us + span.duration_us).max().unwrap_or_default();
        let (mut y, mut traces, mut rows) = (AXIS, Vec::new(), Vec::new());
        for trace in 0..count {
            traces.push(Trace { start: start(trace), y });
            y += if count > 1 { TRACE } else { 0 };
            for span in of_trace(trace) {
                rows.push(SpanRow { span, y, depth: capture.depth(span) });
                y += ROW;
            }
        }
        let scale = (0..count).map(|trace| end(trace) - start(trace)).max().unwrap_or_default().max(1) as f64;
        Self { capture, services: services(capture), traces, rows, scale, height: y }
    }

    /// Round times along the top.
    fn axis(&self) -> String {
        let step = step(self.scale, 5.0).max(1.0);
        let mut out = String::from("<g class=\"axis\">\n");
        let mut at = 0.0;
        while at <= self.scale {
            let (x, label) = (percent(at / self.scale), duration(at as u64));
            let anchor = match at / self.scale {
                0.0 => "start",
                part if part > 0.92 => "end",
                _ => "middle",
            };
            let _ = writeln!(out, "<line x1=\"{x}\" x2=\"{x}\" y1=\"16\" y2=\"{}\"></line>", self.height);
            let _ = writeln!(out, "<text x=\"{x}\" y=\"11\" text-anchor=\"{anchor}\">{label}</text>");
            at += step;
        }
        out + "</g>\n"
    }

    fn heading(&self, at: usize, trace: &Trace, labels: &Labels<'_>) -> String {
        let mut title = labels.trace.replace("{}", &(at + 1).to_string());
        if at > 0 {
            let after = duration(trace.start - self.traces[0].start);
            title += &format!(" · {}", labels.later.replace("{}", &after));
        }
        format!("<text class=\"trace-name\" x=\"0\" y=\"{}\">{}</text>\n", trace.y + 22, text::html(&title))
    }

    /// The span's name, then service, kind, error and duration, then its bar.
    fn row(&self, row: &SpanRow<'_>, labels: &Labels<'_>) -> String {
        let SpanRow { span, y, depth } = row;
        let x = depth * INDENT;
        let mut out = String::new();
        if let Some(parent) = span.parent.and_then(|id| self.rows.iter().find(|row| row.span.id == id)) {
            let (from, left) = (parent.y + ROW - 6, parent.depth * INDENT + 4);
            let _ = writeln!(out, "<path class=\"branch\" d=\"M{left} {from}V{}H{}\"></path>", y + 12, x - 3);
        }
        let failed = span.status == "error";
        let mark = if failed { "✕ " } else { "" };
        let class = if failed { "span error" } else { "span" };
        let _ = writeln!(out, "<g class=\"{class} {}\">", service_class(&self.services, &span.service));
        let number = span.id + 1;
        let _ = writeln!(
            out,
            "<text class=\"name\" x=\"{x}\" y=\"{}\"><tspan class=\"mark\">{mark}</tspan>{} <tspan class=\"number\">{number}</tspan></text>",
            y + 16,
            text::html(&span.name),
        );
        let _ = writeln!(out, "<text class=\"facts\" x=\"{x}\" y=\"{}\">{}</text>", y + 31, self.facts(span, labels));
        let time = duration(span.duration_us);
        let _ = writeln!(out, "<text class=\"time\" x=\"100%\" y=\"{}\" text-anchor=\"end\">{time}</text>", y + 31);
        let begin = (span.start_us - self.traces[span.trace].start) as f64 / self.scale;
        let (bar, width) = (percent(begin), percent((span.duration_us as f64 / self.scale).max(0.004)));
        let top = y + 38;
        let _ = writeln!(out, "<rect class=\"track\" x=\"0\" y=\"{top}\" width=\"100%\" height=\"8\" rx=\"2\"></rect>");
        let _ = writeln!(
            out,
            "<rect class=\"bar\" x=\"{bar}\" y=\"{top}\" width=\"{width}\" height=\"8\" rx=\"2\"></rect>"
        );
        out + "</g>\n"
    }

    /// Service, kind, error and links in one line.
    fn facts(&self, span: &Span, labels: &Labels<'_>) -> String {
        let mut facts = format!("{} · {}", text::html(&span.service), span.kind.to_uppercase());
        if let Some(error) = error_type(span) {
            facts += &format!(" · <tspan class=\"error-type\">{}</tspan>", text::html(error));
        }
        for link in &span.links {
            facts += &format!(" · {}", labels.link.replace("{}", &(link + 1).to_string()));
        }
        facts
    }

    /// An arrow in the left margin, from the row that has the link to the row it leads to.
    fn link(&self, from: usize, to: usize) -> String {
        let middle = |id: usize| self.rows.iter().find(|row| row.span.id == id).map(|row| row.y + 12);
        let (from, Some(to)) = (self.rows[from].y + 12, middle(to)) else { return String::new() };
        format!("<path class=\"link\" d=\"M-4 {from}H-12V{to}H-5M-9 {}L-4 {to}L-9 {}\"></path>\n", to - 4, to + 4)
    }
}

/// How many spans and traces there are, for the description.
pub(crate) fn counts(capture: &Capture) -> (usize, usize, String) {
    let layout = Layout::of(capture);
    (layout.capture.spans.len(), layout.traces.len(), duration(layout.scale as u64))
}
