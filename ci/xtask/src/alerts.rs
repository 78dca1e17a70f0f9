//! The alerts of a listing, `deploy/alerts.yaml`: queries over metrics that its tests have received.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use book::Capture;
use book::capture::Metric;
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AggregateExpr, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde::Deserialize;

/// A rule file of Prometheus.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(rename = "name")]
    _name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    _for: Option<String>,
    #[serde(default, rename = "labels")]
    _labels: BTreeMap<String, String>,
}

/// The series of Prometheus: name, and for each label the values that were received.
type Series = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Checks that every query can be parsed, and asks for nothing that no test of the listing has received.
pub fn check(listing: &Path) -> anyhow::Result<()> {
    let file = listing.join("deploy/alerts.yaml");
    if !file.is_file() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&file)?;
    let mut received = Series::new();
    for path in book::files(listing.join("telemetry"))? {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) {
            Capture::load(listing, name)?.metrics.iter().for_each(|metric| translate(metric, &mut received));
        }
    }
    check_rules(&text, received).context("deploy/alerts.yaml")
}

fn check_rules(text: &str, mut received: Series) -> anyhow::Result<()> {
    let rules: Rules = serde_saphyr::from_str(text)?;
    for rule in rules.groups.into_iter().flat_map(|group| group.rules) {
        let name = rule.record.as_ref().or(rule.alert.as_ref()).context("a rule needs `record` or `alert`")?;
        let query = parser::parse(&rule.expr).map_err(|error| anyhow!("{name}: {error}"))?;
        let mut asked = Asked::default();
        let Ok(_) = walk_expr(&mut asked, &query);
        asked.check(&received).with_context(|| name.clone())?;
        if let Some(record) = rule.record {
            received.insert(record, asked.groups.into_iter().map(|label| (label, BTreeSet::new())).collect());
        }
    }
    Ok(())
}

/// How Prometheus names what arrives as OTLP: the unit and the kind are part of the name.
fn translate(metric: &Metric, series: &mut Series) {
    let unit = match metric.unit.as_str() {
        "s" => "_seconds",
        "By" => "_bytes",
        "%" => "_percent",
        _ => "",
    };
    let kinds: &[&str] = match metric.kind.as_str() {
        "counter" => &["_total"],
        "histogram" => &["_bucket", "_count", "_sum"],
        _ => &[""],
    };
    for kind in kinds {
        let labels = series.entry(format!("{}{unit}{kind}", underscored(&metric.name))).or_default();
        for (key, value) in metric.points.iter().flat_map(|point| &point.attributes) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            labels.entry(underscored(key)).or_default().insert(value);
        }
        if *kind == "_bucket" {
            labels.entry("le".into()).or_default().insert("+Inf".into());
        }
    }
}

fn underscored(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

/// What a query asks for.
#[derive(Default)]
struct Asked {
    selectors: Vec<VectorSelector>,
    groups: BTreeSet<String>,
}

impl ExprVisitor for Asked {
    type Error = Infallible;

    fn pre_visit(&mut self, query: &Expr) -> Result<bool, Infallible> {
        match query {
            Expr::VectorSelector(selector) => self.selectors.push(selector.clone()),
            Expr::MatrixSelector(matrix) => self.selectors.push(matrix.vs.clone()),
            Expr::Aggregate(AggregateExpr { modifier: Some(labels), .. }) => {
                self.groups.extend(labels.labels().labels.iter().cloned());
            }
            _ => {}
        }
        Ok(true)
    }
}

impl Asked {
    fn check(&self, received: &Series) -> anyhow::Result<()> {
        for selector in &self.selectors {
            let name = selector.name.as_deref().context("a selector needs the name of a metric")?;
            let labels = received.get(name).with_context(|| format!("no test has received a metric `{name}`"))?;
            for label in &self.groups {
                ensure!(labels.contains_key(label), "`{name}` was received without the label `{label}`");
            }
            for Matcher { op, name: label, value } in &selector.matchers.matchers {
                let values = labels.get(label);
                let values = values.with_context(|| format!("`{name}` was received without the label `{label}`"))?;
                let seen = match op {
                    MatchOp::Equal => values.contains(value),
                    MatchOp::Re(pattern) => values.iter().any(|value| pattern.is_match(value)),
                    MatchOp::NotEqual | MatchOp::NotRe(_) => true,
                };
                ensure!(seen, "`{name}` was received with `{label}` one of {values:?}, and never `{value}`");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn received() -> Series {
        let point = |outcome: &str| serde_json::json!({"attributes": {"call.outcome": outcome}, "value": 1});
        let metric = serde_json::json!({
            "name": "breaker.calls", "unit": "{call}", "kind": "counter", "description": "",
            "points": [point("success"), point("failure")],
        });
        let mut series = Series::new();
        translate(&serde_json::from_value(metric).unwrap(), &mut series);
        series
    }

    fn rule(query: &str) -> Result<(), String> {
        let text = format!("groups: [{{name: a, rules: [{{alert: b, expr: '{query}'}}]}}]");
        check_rules(&text, received()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_query_over_what_was_received() {
        rule(r#"sum by (call_outcome) (rate(breaker_calls_total{call_outcome=~"f.*"}[5m])) > 1"#).unwrap();
        rule(r#"breaker_calls_total{call_outcome="success"} / ignoring (call_outcome) breaker_calls_total"#).unwrap();
    }

    #[test]
    fn what_nobody_has_received() {
        let error = |query| rule(query).unwrap_err();
        assert_eq!(error("breaker_calls > 1"), "b: no test has received a metric `breaker_calls`");
        assert_eq!(
            error(r#"breaker_calls_total{call_outcome="rejected"} > 1"#),
            r#"b: `breaker_calls_total` was received with `call_outcome` one of {"failure", "success"}, and never `rejected`"#
        );
        let label = "b: `breaker_calls_total` was received without the label `outcome`";
        assert_eq!(error(r#"breaker_calls_total{outcome="success"} > 1"#), label);
        assert_eq!(error("sum by (outcome) (breaker_calls_total) > 1"), label);
        assert!(error("sum by (breaker_calls_total").starts_with("b: "));
    }

    #[test]
    fn a_recorded_series_can_be_asked_for_afterwards() {
        let rules =
            "groups: [{name: a, rules: [{record: 'a:b', expr: breaker_calls_total}, {alert: c, expr: 'a:b > 1'}]}]";
        check_rules(rules, received()).unwrap();
        let error = check_rules(&rules.replace("'a:b > 1'", "'a:c > 1'"), received()).unwrap_err();
        assert_eq!(format!("{error:#}"), "c: no test has received a metric `a:c`");
    }
}
