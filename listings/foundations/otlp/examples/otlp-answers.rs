//! Every answer that a server may give, and what the exporter makes of it.

use std::time::Duration;

use axum::http::StatusCode;
use opentelemetry_otlp::Protocol;
use otlp::door::{Answer, Door};
use otlp::order;
use otlp::send::{Settings, send};
use tonic::Code;

/// How many requests it takes, and whether the exporter calls the end a success.
fn verdict(protocol: Protocol, answer: Answer) -> anyhow::Result<String> {
    let door = Door::open(vec![answer])?;
    let sent = send(vec![order::span()], &door.endpoint(), &Settings::protocol(protocol).impatient());
    let requests = door.received().len();
    Ok(format!(
        "{}, {requests} request{}",
        if sent.is_ok() { "Ok" } else { "Err" },
        if requests == 1 { "" } else { "s" }
    ))
}

/// The names of the answers below their verdict, in the order of their first appearance.
fn show(title: &str, protocol: Protocol, answers: Vec<(String, Answer)>) -> anyhow::Result<()> {
    let mut verdicts: Vec<(String, Vec<String>)> = Vec::new();
    for (name, answer) in answers {
        let verdict = verdict(protocol, answer)?;
        match verdicts.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, names)) => names.push(name),
            None => verdicts.push((verdict, vec![name])),
        }
    }
    println!("{title}");
    for (verdict, names) in verdicts {
        println!("  {verdict}");
        for line in names.chunks(5) {
            println!("    {}", line.join(", "));
        }
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let status = |code| anyhow::Ok((format!("{code}"), Answer::Http(StatusCode::from_u16(code)?, None)));
    let mut http = vec![("200".to_owned(), Answer::Accept), ("200 with 1 span rejected".to_owned(), Answer::Reject(1))];
    for code in [400, 401, 403, 404, 408, 413, 429, 500, 501, 502, 503, 504] {
        http.push(status(code)?);
    }
    show("HTTP", Protocol::HttpBinary, http)?;

    let mut grpc = vec![("Ok".to_owned(), Answer::Accept), ("Ok with 1 span rejected".to_owned(), Answer::Reject(1))];
    grpc.extend((1..=16).map(Code::from_i32).map(|code| (format!("{code:?}"), Answer::Grpc(code, None))));
    let soon = Some(Duration::from_millis(1));
    grpc.push(("ResourceExhausted with RetryInfo".to_owned(), Answer::Grpc(Code::ResourceExhausted, soon)));
    show("gRPC", Protocol::Grpc, grpc)
}
