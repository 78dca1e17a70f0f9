//! What a test received: `listings/<crate>/telemetry/<name>.json`.
//!
//! The testkit writes these files and compares them; this is the side that reads them. A field that is not known here
//! is an error, so that a figure never leaves out what it has not learned to draw.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

/// Attributes by key.
pub type Attributes = BTreeMap<String, Value>;

/// Everything that was received, redacted and in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The test that wrote it: `tests/telemetry.rs::name`.
    pub test: String,
    /// The resources of all signals, each once.
    pub resources: Vec<Attributes>,
    /// Depth first, by start.
    pub spans: Vec<Span>,
    /// By name.
    pub metrics: Vec<Metric>,
    /// By time.
    pub logs: Vec<LogRecord>,
}

/// One span.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// A number of its own in this capture.
    pub id: usize,
    /// Which trace, counted from 0 in order of appearance.
    pub trace: usize,
    /// The parent's id; `None` for a root.
    pub parent: Option<usize>,
    /// Whether the parent is a span that was not received.
    #[serde(default)]
    pub remote_parent: bool,
    /// The span's name.
    pub name: String,
    /// `internal`, `server`, `client`, `producer` or `consumer`.
    pub kind: String,
    /// `service.name` of its resource.
    pub service: String,
    /// Microseconds since the first span of the capture began.
    pub start_us: u64,
    /// Microseconds.
    pub duration_us: u64,
    /// `unset`, `ok` or `error`.
    pub status: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// Ids of the spans it links to.
    #[serde(default)]
    pub links: Vec<usize>,
}

/// One metric with all its series.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The instrument's name.
    pub name: String,
    /// UCUM unit.
    pub unit: String,
    /// `counter`, `up_down_counter`, `gauge` or `histogram`.
    pub kind: String,
    /// The instrument's description.
    pub description: String,
    /// One for each set of attributes.
    pub points: Vec<Point>,
}

/// One series of a metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The attributes of the series.
    pub attributes: Attributes,
    /// A number; of a histogram `{"count": n}`.
    pub value: Value,
}

/// One log record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// The event's name, for records that are events.
    pub event_name: Option<String>,
    /// `INFO`, `WARN` …
    pub severity: String,
    /// The message.
    pub body: String,
    /// The span it was written in.
    pub span: Option<usize>,
    /// Its attributes.
    pub attributes: Attributes,
}

impl Capture {
    /// Reads capture `name` of the crate in the folder `listing`.
    ///
    /// # Errors
    ///
    /// When it is missing or not understood, when its test is gone, or when a span refers to one that is not there.
    pub fn load(listing: &Path, name: &str) -> anyhow::Result<Self> {
        let path = listing.join("telemetry").join(format!("{name}.json"));
        let write = "a test writes it: run `cargo xtask capture`";
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} is missing; {write}", path.display()))?;
        let capture: Self = serde_json::from_str(&text).with_context(|| format!("{}; {write}", path.display()))?;
        capture.check(listing).with_context(|| path.display().to_string())?;
        Ok(capture)
    }

    /// The span with this id.
    pub fn span(&self, id: usize) -> Option<&Span> {
        self.spans.iter().find(|span| span.id == id)
    }

    /// How many spans stand above this one.
    pub fn depth(&self, span: &Span) -> usize {
        std::iter::successors(span.parent, |id| self.span(*id)?.parent).take(self.spans.len()).count()
    }

    fn check(&self, listing: &Path) -> anyhow::Result<()> {
        let (file, test) = self.test.split_once("::").context("`test` must be `tests/file.rs::name`")?;
        let source = std::fs::read_to_string(listing.join(file)).unwrap_or_default();
        ensure!(source.contains(&format!("fn {test}(")), "its test `{}` does not exist any more", self.test);
        for span in &self.spans {
            for id in span.parent.iter().chain(&span.links) {
                ensure!(self.span(*id).is_some(), "span {} refers to span {id}, which is not there", span.id);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tree, write};

    const CAPTURE: &str = r#"{"test": "tests/t.rs::trip", "resources": [], "metrics": [], "logs": [], "spans": [
        {"id": 0, "trace": 0, "parent": null, "name": "POST", "kind": "server", "service": "shop", "start_us": 0,
         "duration_us": 9, "status": "unset", "attributes": {"a": 1}},
        {"id": 1, "trace": 0, "parent": 0, "name": "GET", "kind": "client", "service": "shop", "start_us": 1,
         "duration_us": 7, "status": "error", "attributes": {}, "links": [0]}]}"#;

    #[test]
    fn loads() {
        let root = tree(&[("tests/t.rs", "async fn trip() {}"), ("telemetry/trip.json", CAPTURE)]);
        let capture = Capture::load(root.path(), "trip").unwrap();
        assert_eq!(capture.depth(&capture.spans[1]), 1);
        assert_eq!(capture.span(1).unwrap().links, [0]);
    }

    #[test]
    fn errors() {
        let root = tree(&[("tests/t.rs", "fn other() {}"), ("telemetry/trip.json", CAPTURE)]);
        let error = |name: &str| format!("{:#}", Capture::load(root.path(), name).unwrap_err());
        assert!(error("gone").contains("gone.json is missing; a test writes it"));
        assert!(error("trip").contains("its test `tests/t.rs::trip` does not exist any more"));
        write(root.path(), "tests/t.rs", "fn trip() {}");
        write(root.path(), "telemetry/trip.json", &CAPTURE.replace(r#""links": [0]"#, r#""links": [7]"#));
        assert!(error("trip").contains("span 1 refers to span 7"));
        write(root.path(), "telemetry/trip.json", &CAPTURE.replace("links", "colour"));
        assert!(error("trip").contains("unknown field `colour`"));
    }
}
