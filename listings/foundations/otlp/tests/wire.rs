//! The same span in three encodings.
#![allow(clippy::unwrap_used)]

use opentelemetry_otlp::Protocol;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlp::door::{Answer, Door, Received};
use otlp::order;
use otlp::send::{Settings, send};
use otlp::wire::{Unknown, fields};
use prost::Message;

fn request(protocol: Protocol) -> Received {
    let door = Door::open(vec![Answer::Accept]).unwrap();
    send(vec![order::span()], &door.endpoint(), &Settings::protocol(protocol)).unwrap();
    door.received().remove(0)
}

#[test]
fn every_byte_belongs_to_a_field() {
    let body = request(Protocol::HttpBinary).body;
    let explained: Vec<u8> = fields(&body).unwrap().iter().flat_map(|field| field.bytes.to_vec()).collect();
    assert_eq!(explained, body);
}

#[test]
fn the_names_are_those_of_the_messages() {
    let body = request(Protocol::HttpBinary).body;
    let decoded = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let span = &decoded.resource_spans[0].scope_spans[0].spans[0];
    let fields = fields(&body).unwrap();
    let value = |name| fields.iter().rfind(|field| field.name == name && field.depth == 3).unwrap().value.clone();
    assert_eq!(value("trace_id"), "5b8efff798038103d269b633813fc60c");
    assert_eq!(value("name"), format!("{:?}", span.name));
    assert_eq!(value("kind"), span.kind.to_string());
    assert_eq!(value("start_time_unix_nano"), span.start_time_unix_nano.to_string());
    assert_eq!(value("end_time_unix_nano"), span.end_time_unix_nano.to_string());
    assert_eq!(value("flags"), span.flags.to_string());
}

#[test]
fn half_a_request_is_refused_with_its_place() {
    let body = request(Protocol::HttpBinary).body;
    for length in 1..body.len() {
        fields(&body[..length]).unwrap_err();
    }
    assert_eq!(fields(&[0x0a, 0x02, 0x7a, 0x00]), Err(Unknown(2)), "field 15 of ResourceSpans");
}

#[test]
fn grpc_is_the_same_message_behind_five_bytes() {
    let (grpc, http) = (request(Protocol::Grpc).body, request(Protocol::HttpBinary).body);
    assert_eq!((grpc[0], &grpc[1..5]), (0, &129_u32.to_be_bytes()[..]), "not compressed, and its length");
    assert_eq!(grpc[5..], http);
}

// ANCHOR: json
#[test]
fn json_has_hexadecimal_ids_numbers_for_enums_and_text_for_64_bits() {
    let body: serde_json::Value = serde_json::from_slice(&request(Protocol::HttpJson).body).unwrap();
    let span = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(
        span["traceId"], "5b8efff798038103d269b633813fc60c",
        "protobuf's own JSON says W47/95gDgQPSabYzgT/GDA=="
    );
    assert_eq!(span["kind"], 2, "protobuf's own JSON says SPAN_KIND_SERVER");
    assert_eq!(span["startTimeUnixNano"], "1800000000000000000", "JavaScript has no such number");
    assert_eq!(span["attributes"][0]["value"]["intValue"], "2");
}
// ANCHOR_END: json

#[test]
fn json_is_the_same_message() {
    let json = ExportTraceServiceRequest::decode(request(Protocol::HttpBinary).body).unwrap();
    let body = request(Protocol::HttpJson).body;
    assert_eq!(serde_json::from_slice::<ExportTraceServiceRequest>(&body).unwrap(), json);
    assert!(body.starts_with(b"{\n  \""), "with indentation, which costs bytes and no meaning");
}
