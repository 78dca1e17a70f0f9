//! A ratio for each route.

use std::collections::HashMap;

use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingResult, ShouldSample};
use opentelemetry_semantic_conventions::attribute::{HTTP_ROUTE, URL_PATH};

use crate::ratio::Ratio;

// ANCHOR: rules
/// A ratio for each route, and one for everything else. A sampler for roots: hand it to `Sampler::parent_based`.
#[derive(Debug, Clone)]
pub struct Rules {
    routes: HashMap<String, Ratio>,
    otherwise: Ratio,
}

impl Rules {
    /// What is kept of the routes that have no rule, and of roots that are no requests.
    pub fn otherwise(ratio: Ratio) -> Self {
        Self { routes: HashMap::new(), otherwise: ratio }
    }

    /// A rule for a route template, `/orders/{id}`; for a request that matches no route, its path.
    pub fn route(mut self, route: impl Into<String>, ratio: Ratio) -> Self {
        self.routes.insert(route.into(), ratio);
        self
    }
}

impl ShouldSample for Rules {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let value = |key| attributes.iter().find(|it| it.key.as_str() == key).map(|it| it.value.as_str());
        let route = value(HTTP_ROUTE).or_else(|| value(URL_PATH));
        let rule = route.and_then(|route| self.routes.get(route.as_ref()));
        rule.unwrap_or(&self.otherwise).sample(parent, trace)
    }
}
// ANCHOR_END: rules
