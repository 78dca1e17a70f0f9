//! What a receiver took, in a form that can be compared, committed and drawn.
//!
//! Ids become small numbers, ports and instance ids become placeholders, and everything stands in one order: what is
//! left is the same in every run. Times are kept, because a figure needs them, and are left out of comparisons.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod metrics;
mod received;

/// Attributes by key.
pub type Attributes = BTreeMap<String, Value>;

/// Everything that was received, redacted and in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// The test that wrote it: `tests/telemetry.rs::name`.
    pub test: String,
    /// The resources of all signals, each once.
    pub resources: Vec<Attributes>,
    /// Depth first, by start.
    pub spans: Vec<Span>,
    /// By name; the last value of each series.
    pub metrics: Vec<Metric>,
    /// By time.
    pub logs: Vec<LogRecord>,
}

/// One span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// A number of its own in this capture.
    pub id: usize,
    /// Which trace, counted from 0 in order of appearance.
    pub trace: usize,
    /// The parent's id; `None` for a root.
    pub parent: Option<usize>,
    /// Whether the parent is a span that was not received.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
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
    /// Names of its events. The conventions have log records in their place, so a listing has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Ids of the spans it links to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<usize>,
}

/// One metric with all its series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The attributes of the series.
    pub attributes: Attributes,
    /// The value; for a histogram the count, because the rest is time.
    pub value: Value,
}

/// One log record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// The event's name, for records that are events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// The spans as an indented tree: name, then status and `error.type` where there is an error, then links.
    pub fn tree(&self) -> String {
        let mut out = String::new();
        for span in &self.spans {
            let mut depth = 0;
            let mut parent = span.parent;
            while let Some(id) = parent {
                depth += 1;
                parent = self.spans.iter().find(|span| span.id == id).and_then(|span| span.parent);
            }
            let _ = write!(out, "{:indent$}{}", "", span.name, indent = 2 * depth);
            if let Some(error) = span.attributes.get("error.type").and_then(Value::as_str) {
                let _ = write!(out, " ✗ {error}");
            }
            for link in &span.links {
                let target = self.spans.iter().find(|span| span.id == *link);
                let _ = write!(out, " → {}", target.map_or("?", |span| &span.name));
            }
            out.push('\n');
        }
        out
    }

    /// The value of the series of metric `name` that has all of `attributes`.
    pub fn metric(&self, name: &str, attributes: &[(&str, &str)]) -> Option<&Value> {
        let metric = self.metrics.iter().find(|metric| metric.name == name)?;
        let has = |point: &&Point| {
            attributes.iter().all(|(key, value)| point.attributes.get(*key).is_some_and(|seen| seen == value))
        };
        metric.points.iter().find(has).map(|point| &point.value)
    }

    /// Spans with this name.
    pub fn spans_named(&self, name: &str) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(move |span| span.name == name)
    }

    /// Compares with the committed capture at `path`, times aside. With `BLESS=1` in the environment it writes the file.
    ///
    /// # Panics
    ///
    /// When they differ, with a diff; when there is no such file, with the command that makes it.
    pub fn assert_matches(mut self, test: &str, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
            self.test = test.to_owned();
            std::fs::create_dir_all(path.parent().expect("a capture lies in a folder"))
                .expect("the folder can be made");
            std::fs::write(path, self.json()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        } else if let Err(difference) = self.compare(test, path) {
            panic!("{difference}");
        }
    }

    /// Compares with the committed capture at `path`, times aside.
    ///
    /// # Errors
    ///
    /// The diff, or why there is nothing to compare with; in both cases with the command that writes the file.
    pub fn compare(mut self, test: &str, path: &Path) -> Result<(), String> {
        self.test = test.to_owned();
        let bless =
            "run `cargo xtask capture` to write what was received, then look at the change before you commit it";
        let wrong = |problem: String| format!("{}: {problem}; {bless}", path.display());
        let committed = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let committed: Self =
            serde_json::from_str(&committed).map_err(|error| wrong(format!("not a capture: {error}")))?;
        let (expected, received) = (committed.timeless().json(), self.timeless().json());
        if expected == received {
            return Ok(());
        }
        let diff = similar::TextDiff::from_lines(&expected, &received).unified_diff().to_string();
        Err(format!("{}\n{diff}", wrong("it differs from what was received".into())))
    }

    fn timeless(mut self) -> Self {
        for span in &mut self.spans {
            (span.start_us, span.duration_us) = (0, 0);
        }
        self
    }

    fn json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a capture is plain data");
        json.push('\n');
        json
    }
}

/// Compares a [`Capture`] with the committed file in the crate's folder, under the name of the test that says this:
/// `assert_capture!(receiver.capture().await, "telemetry/trip.json")`. See [`Capture::assert_matches`].
#[macro_export]
macro_rules! assert_capture {
    ($capture:expr, $path:literal) => {{
        fn here() {}
        let test = $crate::test_name(file!(), std::any::type_name_of_val(&here));
        $capture.assert_matches(&test, $path);
    }};
}

/// `tests/telemetry.rs::name`, from the path of a file and of a function inside the test.
#[doc(hidden)]
pub fn test_name(file: &str, function: &str) -> String {
    let folder = ["/tests/", "/src/"].iter().find_map(|folder| file.rfind(folder));
    let file = &file[folder.map_or(0, |slash| slash + 1)..];
    let mut path = function.rsplit("::").filter(|part| !part.starts_with('{'));
    format!("{file}::{}", path.nth(1).unwrap_or_default())
}

/// For messages of failed assertions: the tree, the metrics' names and the logs.
impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.tree())?;
        for metric in &self.metrics {
            for point in &metric.points {
                let attributes = serde_json::to_string(&point.attributes).unwrap_or_default();
                writeln!(f, "{} {attributes} = {}", metric.name, point.value)?;
            }
        }
        for log in &self.logs {
            let attributes = serde_json::to_string(&log.attributes).unwrap_or_default();
            writeln!(f, "{} {} {attributes}", log.severity, log.body)?;
        }
        Ok(())
    }
}
