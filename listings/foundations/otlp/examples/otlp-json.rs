//! The span of the same request as JSON, as it was sent.

use opentelemetry_otlp::Protocol;
use otlp::door::{Answer, Door};
use otlp::order;
use otlp::send::{Settings, send};

fn main() -> anyhow::Result<()> {
    let door = Door::open(vec![Answer::Accept])?;
    send(vec![order::span()], &door.endpoint(), &Settings::protocol(Protocol::HttpJson))?;
    let request: serde_json::Value = serde_json::from_slice(&door.received()[0].body)?;
    println!("{:#}", request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]);
    Ok(())
}
