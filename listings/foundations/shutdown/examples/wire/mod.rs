//! A request in words, without what differs in every run.

use axum::http::{HeaderMap, Uri};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

/// The content type of the answer: as that of the request.
pub fn content_type(headers: &HeaderMap) -> String {
    header(headers, "content-type").to_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("–")
}

/// Where it went, with which headers, and what it holds.
pub fn describe(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let named = ["content-type", "content-encoding", "api-key"].map(|name| header(headers, name));
    let content = match uri.path() {
        _ if named[0] != "application/x-protobuf" || named[1] != "–" => Ok("not looked into".to_owned()),
        "/v1/traces" => ExportTraceServiceRequest::decode(body).map(|request| traces(&request)),
        "/v1/metrics" => ExportMetricsServiceRequest::decode(body).map(|request| metrics(&request)),
        "/v1/logs" => ExportLogsServiceRequest::decode(body).map(|request| logs(&request)),
        path => Ok(path.to_owned()),
    };
    format!("{} {named:?} {content:?}", uri.path())
}

/// Without the instance, which has a new id in each process.
fn resource(resource: Option<&Resource>) -> String {
    let attributes = resource.iter().flat_map(|resource| &resource.attributes);
    let mut attributes: Vec<_> = attributes
        .filter(|attribute| attribute.key != "service.instance.id")
        .map(|attribute| format!("{}={:?}", attribute.key, attribute.value))
        .collect();
    attributes.sort();
    attributes.join(" ")
}

fn traces(request: &ExportTraceServiceRequest) -> String {
    let mut out = String::new();
    for part in &request.resource_spans {
        out += &resource(part.resource.as_ref());
        for span in part.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let events = (span.events.len(), span.events.first().map(|event| event.attributes.len()));
            out += &format!("; {:?} {events:?} {}", span.attributes, span.links.len());
        }
    }
    out
}

fn metrics(request: &ExportMetricsServiceRequest) -> String {
    let mut out = String::new();
    for part in &request.resource_metrics {
        out += &resource(part.resource.as_ref());
        let mut metrics: Vec<_> = (part.scope_metrics.iter().flat_map(|scope| &scope.metrics))
            .map(|metric| match &metric.data {
                Some(Data::Sum(sum)) => format!("; sum {}", sum.aggregation_temporality),
                Some(Data::Histogram(histogram)) => format!("; histogram {}", histogram.aggregation_temporality),
                _ => format!("; another {}", metric.name),
            })
            .collect();
        metrics.sort();
        out += &metrics.concat();
    }
    out
}

fn logs(request: &ExportLogsServiceRequest) -> String {
    let mut out = String::new();
    for part in &request.resource_logs {
        out += &resource(part.resource.as_ref());
        for record in part.scope_logs.iter().flat_map(|scope| &scope.log_records) {
            out += &format!("; {:?} {:?}", record.body, record.attributes);
        }
    }
    out
}
