//! Whether what was received follows the semantic conventions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use crate::capture::{Capture, Metric};
use crate::registry::{Attribute, Registry};

/// A name of the conventions. `tests/freshness.rs` writes the file they are read from.
#[derive(Debug, Default)]
struct Convention {
    /// `stable`, `release_candidate` or `development`; of an attribute the crate says only whether it is `stable`.
    stability: &'static str,
    /// Of an attribute: `string`, `number`, `boolean` or `array`; empty where it is not known.
    r#type: &'static str,
    kind: &'static str,
    unit: &'static str,
    /// The name to use instead, or a sentence where it is not one name; empty when the name is good.
    deprecated: &'static str,
}

type Conventions = BTreeMap<&'static str, Convention>;

static ATTRIBUTES: LazyLock<Conventions> = LazyLock::new(|| names("attribute"));
static METRICS: LazyLock<Conventions> = LazyLock::new(|| names("metric"));

fn names(what: &str) -> Conventions {
    let fields = |line: &'static str| {
        let mut fields = line.split('\t').chain(std::iter::repeat(""));
        let mut next = || fields.next().unwrap_or_default();
        let (of, name) = (next(), next());
        let convention =
            Convention { stability: next(), r#type: next(), kind: next(), unit: next(), deprecated: next() };
        (of == what).then_some((name, convention))
    };
    include_str!("conventions.tsv").lines().filter_map(fields).collect()
}

/// An attribute or a metric of the pinned conventions, for lists of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// `http.request.method`.
    pub name: &'static str,
    /// Whether it names a metric, and no attribute.
    pub is_metric: bool,
    /// `stable`, `release_candidate` or `development`; of an attribute only whether it is `stable`.
    pub stability: &'static str,
    /// The name to use instead, or a sentence where it is not one name; `None` when the name is good.
    pub deprecated: Option<&'static str>,
}

/// Every name that the pinned conventions have: attributes first, each by name.
pub fn names_of_the_conventions() -> impl Iterator<Item = Name> {
    let all = ATTRIBUTES.iter().map(|entry| (false, entry)).chain(METRICS.iter().map(|entry| (true, entry)));
    all.map(|(is_metric, (name, convention))| {
        let deprecated = Some(convention.deprecated).filter(|replacement| !replacement.is_empty());
        Name { name, is_metric, stability: convention.stability, deprecated }
    })
}

/// A departure from the conventions: what was seen, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks every attribute key, metric name, unit, kind and event name of `capture`. A name is right when the pinned
/// conventions have it and do not call it deprecated, or when `registry` has it; `registry` may not repeat the
/// conventions.
pub fn check(capture: &Capture, registry: &Registry) -> Vec<Violation> {
    let mut violations = repeated(registry);
    let attributes = (capture.resources.iter())
        .chain(capture.spans.iter().map(|span| &span.attributes))
        .chain(capture.metrics.iter().flat_map(|metric| metric.points.iter().map(|point| &point.attributes)))
        .chain(capture.logs.iter().map(|log| &log.attributes));
    for (key, value) in attributes.flatten() {
        violations.extend(match registry.attribute.get(key) {
            Some(own) => wrong_value(key, value, own),
            None => {
                wrong_name("attribute", key, &ATTRIBUTES, registry.attribute.keys()).or_else(|| wrong_type(key, value))
            }
        });
    }
    violations.extend(capture.metrics.iter().flat_map(|metric| wrong_metric(metric, registry)));
    for name in capture.logs.iter().filter_map(|log| log.event_name.as_ref()) {
        if !registry.event.contains_key(name) {
            violations.push(format!("event {name} is not in registry.toml; say there what it means"));
        }
    }
    violations.sort();
    violations.dedup();
    violations.into_iter().map(Violation).collect()
}

/// Names in the registry that the conventions have already.
fn repeated(registry: &Registry) -> Vec<String> {
    let attributes = registry.attribute.keys().filter(|key| ATTRIBUTES.contains_key(key.as_str()));
    let metrics = registry.metric.keys().filter(|name| METRICS.contains_key(name.as_str()));
    attributes
        .chain(metrics)
        .map(|name| format!("{name} is in the conventions; registry.toml may not have it"))
        .collect()
}

fn wrong_value(key: &str, value: &Value, own: &Attribute) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(expected) = own.r#type.filter(|expected| !expected.fits(value)) {
        return Some(format!("attribute {key}: {text} is not of the type {expected} that registry.toml gives it"));
    }
    (!own.values.is_empty() && !own.values.contains(&text))
        .then(|| format!("attribute {key}: {text} is not one of {:?} in registry.toml", own.values))
}

/// An attribute of the conventions whose value is of another type.
fn wrong_type(key: &str, value: &Value) -> Option<String> {
    let seen = match value {
        Value::String(placeholder) if placeholder.starts_with('<') => return None, // redacted
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Null | Value::Object(_) => return None,
    };
    let right = ATTRIBUTES[key].r#type;
    (!right.is_empty() && right != seen).then(|| format!("attribute {key}: {value} is a {seen}, should be a {right}"))
}

fn wrong_metric(metric: &Metric, registry: &Registry) -> Vec<String> {
    let name = &metric.name;
    let (unit, kind) = match registry.metric.get(name) {
        Some(own) => (own.unit.as_str(), own.kind.as_str()),
        None => match wrong_name("metric", name, &METRICS, registry.metric.keys()) {
            Some(wrong) => return vec![wrong],
            None => (METRICS[name.as_str()].unit, METRICS[name.as_str()].kind),
        },
    };
    let wrong = |(what, seen, right): (&str, &str, &str)| {
        // The crate's documentation writes `updowncounter`.
        let differs = seen.replace('_', "") != right.replace('_', "");
        differs.then(|| format!("metric {name}: its {what} is {seen:?}, should be {right:?}"))
    };
    [("unit", metric.unit.as_str(), unit), ("kind", metric.kind.as_str(), kind)].into_iter().filter_map(wrong).collect()
}

/// What is wrong with a name that is not the listing's own, if anything.
fn wrong_name<'a>(
    what: &str,
    name: &str,
    known: &'a Conventions,
    own: impl Iterator<Item = &'a String>,
) -> Option<String> {
    match known.get(name) {
        Some(Convention { deprecated: "", .. }) => None,
        Some(Convention { deprecated, .. }) if deprecated.contains(' ') || deprecated.ends_with('.') => {
            Some(format!("{what} {name} is deprecated: {deprecated}"))
        }
        Some(Convention { deprecated, .. }) => Some(format!("{what} {name} is deprecated; use {deprecated}")),
        None => {
            let good = known.iter().filter(|(_, convention)| convention.deprecated.is_empty()).map(|(name, _)| *name);
            let near = good.chain(own.map(String::as_str)).min_by_key(|other| distance(name, other));
            let near = near.filter(|near| distance(name, near) <= name.len() / 2); // else it is no misspelling of it
            let hint = near.map(|near| format!("; the nearest name is {near}")).unwrap_or_default();
            Some(format!("{what} {name} is neither in the conventions nor in registry.toml{hint}"))
        }
    }
}

/// How many characters must be inserted, removed or replaced to turn one name into the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_edits() {
        for (a, b, edits) in
            [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("http.method", "http.methods", 1)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (edits, edits), "{a} {b}");
        }
    }

    #[test]
    fn the_list_has_what_it_should() {
        assert_eq!(METRICS["http.server.request.duration"].unit, "s");
        assert_eq!(METRICS["http.server.active_requests"].kind, "updowncounter");
        assert_eq!(ATTRIBUTES["http.method"].deprecated, "http.request.method");
        assert_eq!(ATTRIBUTES["http.target"].deprecated, "Split to `url.path` and `url.query`.");
        assert_eq!(ATTRIBUTES["error.type"].deprecated, "");
        assert_eq!(ATTRIBUTES["error.type"].stability, "stable");
        assert_eq!(METRICS["rpc.client.call.duration"].stability, "release_candidate");
    }
}
