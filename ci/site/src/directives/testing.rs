//! A small book with one chapter, its crate, captures and results.

use std::collections::BTreeMap;
use std::path::Path;

use book::results::{Better, Machine, Row};
use book::{Book, Edition, Results, hash_sources};
use tempfile::TempDir;

use super::words::words;
use super::{Context, Target, expand};

const SPANS: &str = r#"{"test": "tests/t.rs::trip", "resources": [], "metrics": [], "logs": [], "spans": [
    {"id": 0, "trace": 0, "parent": null, "remote_parent": true, "name": "POST /orders", "kind": "server", "service": "shop",
     "start_us": 0, "duration_us": 8000, "status": "unset", "attributes": {}},
    {"id": 1, "trace": 0, "parent": 0, "name": "POST", "kind": "client", "service": "shop", "start_us": 2000,
     "duration_us": 4000, "status": "error", "attributes": {"error.type": "503"}},
    {"id": 2, "trace": 1, "parent": null, "name": "POST /orders", "kind": "server", "service": "shop", "start_us": 20000,
     "duration_us": 10, "status": "unset", "attributes": {}, "links": [1]}]}"#;

const TWICE: &str = r#"{"test": "tests/t.rs::trip", "resources": [], "spans": [
    {"id": 0, "trace": 0, "parent": null, "name": "GET", "kind": "client", "service": "shop", "start_us": 0, "duration_us": 1,
     "status": "unset", "attributes": {"breaker.name": "pay", "http.request.method": "GET"}},
    {"id": 1, "trace": 1, "parent": null, "name": "GET", "kind": "client", "service": "shop", "start_us": 5, "duration_us": 2,
     "status": "unset", "attributes": {"breaker.name": "pay", "http.request.method": "GET"}}],
  "metrics": [
    {"name": "breaker.calls", "unit": "{call}", "kind": "counter", "description": "x", "points": [
      {"attributes": {"outcome": "failure"}, "value": 2}, {"attributes": {"outcome": "success"}, "value": 7}]},
    {"name": "http.client.request.duration", "unit": "s", "kind": "histogram", "description": "y", "points": [
      {"attributes": {}, "value": {"count": 9}}]}],
  "logs": [{"event_name": "breaker.transition", "severity": "WARN", "body": "breaker opened", "span": 0,
    "attributes": {"from": "closed", "rate": 50.0}}]}"#;

const REGISTRY: &str = r#"
[metric."breaker.calls"]
unit = "{call}"
kind = "counter"
meaning = { en = "Calls.", zh = "调用次数。" }
[attribute."breaker.name"]
meaning = { en = "Its name.", zh = "它的名称。" }
values = ["pay", "mail"]
"#;

const LOCK: &str = r#"
[[package]]
name = "breaker"
version = "0.1.0"
dependencies = [
 "http 1.5.0",
 "recloser",
 "telemetry",
]
[[package]]
name = "http"
version = "0.2.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "http"
version = "1.5.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "recloser"
version = "1.4.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "telemetry"
version = "0.1.0"
"#;

const FILES: [(&str, &str); 17] = [
    ("book.toml", ""),
    ("Cargo.lock", LOCK),
    (
        "src/dependencies.toml",
        "http = { en = \"HTTP types\", zh = \"HTTP 类型\" }\ntelemetry = { en = \"OTLP\", zh = \"OTLP\" }\nrecloser = { en = \"a peer\", zh = \"对照对象\" }\n",
    ),
    ("src/en/SUMMARY.md", "# Summary\n\n- [Build it](patterns/breaker/build.md)\n"),
    ("src/zh/SUMMARY.md", "# 目录\n\n- [构建](patterns/breaker/build.md)\n"),
    ("src/zh/patterns/breaker/labels.toml", "\"closed call, 1 thread\" = \"关闭状态，单线程\"\n"),
    ("listings/telemetry/Cargo.toml", "[package]\nname = \"telemetry\"\n"),
    (
        "listings/patterns/breaker/Cargo.toml",
        "[package]\nname = \"breaker\"\n[dependencies]\nhttp = \"1\"\ntelemetry = \"0\"\n[dev-dependencies]\nrecloser = \"1\"\n",
    ),
    ("listings/patterns/breaker/src/window.rs", "mod a;\n// ANCHOR: ring\nstruct Ring;\n// ANCHOR_END: ring\n"),
    ("listings/patterns/breaker/tests/t.rs", "async fn trip() {}\n"),
    ("listings/patterns/breaker/outputs/quickstart.txt", "$ cargo run\nopen\n"),
    ("listings/patterns/breaker/outputs/bare.txt", "open\n"),
    ("listings/patterns/breaker/outputs/silent.txt", "$ cargo run\n"),
    ("listings/patterns/breaker/telemetry/trip.json", SPANS),
    ("listings/patterns/breaker/telemetry/twice.json", TWICE),
    ("listings/patterns/breaker/telemetry/registry.toml", REGISTRY),
    (
        "listings/patterns/breaker/telemetry/empty.json",
        r#"{"test": "tests/t.rs::trip", "resources": [], "spans": [], "metrics": [], "logs": []}"#,
    ),
];

/// The book in a folder of its own.
pub(crate) struct Fixture(TempDir);

impl Fixture {
    pub fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        for (path, text) in FILES {
            fixture.write(path, text);
        }
        fixture.write("listings/patterns/breaker/telemetry/stale.json", &SPANS.replace("::trip", "::renamed"));
        fixture.result(
            "call",
            &[
                ("closed call, 1 thread", "breaker", 14.2, 13.9, 14.5),
                ("closed call, 1 thread", "failsafe", 52.0, 51.0, 53.0),
            ],
        );
        fixture.result(
            "wide",
            &[("wide case", "breaker", 14.2, 13.9, 14.5), ("wide case", "hystrix", 53_100.0, 50_000.0, 56_000.0)],
        );
        let call = std::fs::read_to_string(fixture.path().join("listings/patterns/breaker/results/call.json")).unwrap();
        let hollow = call.split("\"rows\"").next().unwrap().replace("\"call\"", "\"hollow\"") + "\"rows\": []}";
        fixture.write("listings/patterns/breaker/results/hollow.json", &hollow);
        fixture
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn result(&self, name: &str, rows: &[(&str, &str, f64, f64, f64)]) {
        let row = |(case, subject, value, low, high): &(&str, &str, f64, f64, f64)| Row {
            case: (*case).into(),
            subject: (*subject).into(),
            value: *value,
            low: *low,
            high: *high,
        };
        let results = Results {
            name: name.into(),
            unit: "ns".into(),
            better: Better::Lower,
            command: "cargo xtask bench patterns/breaker".into(),
            date: "2026-11-24".into(),
            machine: Machine {
                cpu: "EPYC".into(),
                cores: 2,
                memory_gib: 24,
                os: "Debian 12".into(),
                kernel: "6.1".into(),
            },
            versions: BTreeMap::from([("rustc".into(), "1.95.0".into()), ("failsafe".into(), "1.3.0".into())]),
            sources: hash_sources(&self.path().join("listings"), &["patterns/breaker/src"]).unwrap(),
            rows: rows.iter().map(row).collect(),
        };
        results.save(&self.path().join("listings/patterns/breaker")).unwrap();
    }

    fn expand(&self, edition: Edition, text: &str, target: Target) -> anyhow::Result<String> {
        let book = Book::open(self.path()).unwrap();
        let text = format!("{text}\n");
        let expanded = expand(&book, &book.pages(edition)[0], &text, target)?;
        Ok(format!("{}\n", expanded.trim()))
    }

    /// What `show` makes of the English page.
    pub(super) fn context<T>(&self, show: impl Fn(&Context<'_>) -> T) -> T {
        let book = Book::open(self.path()).unwrap();
        let page = &book.pages(Edition::En)[0];
        show(&Context { book: &book, page, target: Target::Html, words: words(Edition::En) })
    }

    pub fn html(&self, text: &str) -> String {
        self.expand(Edition::En, text, Target::Html).unwrap()
    }

    pub fn markdown(&self, text: &str) -> String {
        self.expand(Edition::En, text, Target::Markdown).unwrap()
    }

    /// The message, without the place: that must be the page and its first line.
    pub fn problem(&self, text: &str) -> String {
        self.problem_in(Edition::En, text)
    }

    fn problem_in(&self, edition: Edition, text: &str) -> String {
        let error = self.expand(edition, text, Target::Html).unwrap_err().to_string();
        let place = format!("src/{edition}/patterns/breaker/build.md:1: ");
        error.strip_prefix(&place).unwrap_or_else(|| panic!("no place: {error}")).to_owned()
    }
}

pub(super) fn html(text: &str) -> String {
    Fixture::new().html(text)
}

pub(super) fn markdown(text: &str) -> String {
    Fixture::new().markdown(text)
}

pub(super) fn zh_html(text: &str) -> String {
    Fixture::new().expand(Edition::Zh, text, Target::Html).unwrap()
}

pub(super) fn problem(text: &str) -> String {
    Fixture::new().problem(text)
}

pub(super) fn zh_problem(text: &str) -> String {
    Fixture::new().problem_in(Edition::Zh, text)
}
