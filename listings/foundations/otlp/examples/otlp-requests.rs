//! What each protocol sends, and how much of it.

use opentelemetry_otlp::Protocol;
use opentelemetry_sdk::trace::SpanData;
use otlp::door::{Answer, Door, Received};
use otlp::order;
use otlp::send::{Settings, send};

const PROTOCOLS: [(&str, Protocol); 3] =
    [("grpc", Protocol::Grpc), ("http/protobuf", Protocol::HttpBinary), ("http/json", Protocol::HttpJson)];

fn request(protocol: Protocol, gzip: bool, spans: Vec<SpanData>) -> anyhow::Result<Received> {
    let door = Door::open(vec![Answer::Accept])?;
    send(spans, &door.endpoint(), &Settings { gzip, ..Settings::protocol(protocol) })?;
    Ok(door.received().remove(0))
}

fn main() -> anyhow::Result<()> {
    println!("{:24}{:25}path", "protocol", "content-type");
    for (name, protocol) in PROTOCOLS {
        let request = request(protocol, false, vec![order::span()])?;
        println!("{name:24}{:25}{}", request.header("content-type"), request.path);
    }
    println!("\n{:24}{:>8}{:>8}{:>12}{:>10}", "bytes", "1 span", "gzip", "512 spans", "gzip");
    for (name, protocol) in PROTOCOLS {
        let bytes = |gzip, spans| anyhow::Ok(request(protocol, gzip, spans)?.body.len());
        let one = [bytes(false, vec![order::span()])?, bytes(true, vec![order::span()])?];
        let many = [bytes(false, order::batch())?, bytes(true, order::batch())?];
        println!("{name:24}{:8}{:8}{:12}{:10}", one[0], one[1], many[0], many[1]);
    }
    let compact = |spans| {
        let sent = request(Protocol::HttpJson, false, spans)?;
        anyhow::Ok(serde_json::from_slice::<serde_json::Value>(&sent.body)?.to_string().len())
    };
    let [one, many] = [compact(vec![order::span()])?, compact(order::batch())?];
    println!("{:24}{one:8}{:8}{many:12}", "  without indentation", "");
    Ok(())
}
