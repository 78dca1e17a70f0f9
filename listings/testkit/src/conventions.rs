//! Whether what was received follows the semantic conventions.

use std::fmt;

use crate::capture::Capture;
use crate::registry::Registry;

/// One name of the conventions. `unit` and `kind` are empty for attributes.
pub(crate) struct Convention {
    pub name: &'static str,
    pub deprecated: bool,
    pub unit: &'static str,
    pub kind: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/conventions.rs"));

/// A departure from the conventions: what was seen, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks every attribute key, metric name, unit, kind and event name of `capture`. A name is right when the pinned
/// conventions have it and do not call it deprecated, or when `registry` has it.
pub fn check(capture: &Capture, registry: &Registry) -> Vec<Violation> {
    let mut violations = Vec::new();
    let attributes = (capture.resources.iter())
        .chain(capture.spans.iter().map(|span| &span.attributes))
        .chain(capture.metrics.iter().flat_map(|metric| metric.points.iter().map(|point| &point.attributes)))
        .chain(capture.logs.iter().map(|log| &log.attributes));
    for (key, value) in attributes.flatten() {
        if let Some(own) = registry.attribute.get(key) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !own.values.is_empty() && !own.values.contains(&value) {
                violations.push(format!("attribute {key}: {value} is not one of {:?} in registry.toml", own.values));
            }
        } else if let Some(problem) = problem(ATTRIBUTES, key) {
            violations.push(format!("attribute {key} {problem}"));
        }
    }
    for metric in &capture.metrics {
        let (unit, kind) = match registry.metric.get(&metric.name) {
            Some(own) => (own.unit.as_str(), own.kind.as_str()),
            None => match METRICS.iter().find(|known| known.name == metric.name && !known.deprecated) {
                Some(known) => (known.unit, known.kind),
                None => {
                    let problem = problem(METRICS, &metric.name).unwrap_or_default();
                    violations.push(format!("metric {} {problem}", metric.name));
                    continue;
                }
            },
        };
        for (what, seen, right) in [("unit", &metric.unit, unit), ("kind", &metric.kind, kind)] {
            if seen.replace('_', "") != right.replace('_', "") {
                violations.push(format!("metric {}: its {what} is {seen}, should be {right}", metric.name));
            }
        }
    }
    for name in capture.logs.iter().filter_map(|log| log.event_name.as_ref()) {
        if !registry.event.contains_key(name) {
            violations.push(format!("event {name} is in no registry; describe it in registry.toml"));
        }
    }
    violations.sort();
    violations.dedup();
    violations.into_iter().map(Violation).collect()
}

/// What is wrong with a name, if anything.
fn problem(known: &[Convention], name: &str) -> Option<String> {
    match known.iter().find(|convention| convention.name == name) {
        Some(convention) if convention.deprecated => {
            Some("is deprecated; its replacement is in the documentation of the conventions crate".into())
        }
        Some(_) => None,
        None => {
            let nearest = known.iter().filter(|known| !known.deprecated).max_by_key(|known| likeness(known.name, name));
            let hint = nearest.map_or(String::new(), |nearest| format!("; the nearest name is {}", nearest.name));
            Some(format!("is neither in the conventions nor in registry.toml{hint}"))
        }
    }
}

/// How many characters two names share at the start and at the end, less what one is longer than the other.
fn likeness(a: &str, b: &str) -> isize {
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let end = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).count();
    (start + end).cast_signed() - a.len().abs_diff(b.len()).cast_signed()
}
