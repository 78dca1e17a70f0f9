//! The receiver as a program: what it prints of what a program sends, by every door.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use telemetry::{Config, Protocol, Telemetry};

fn receive() -> Command {
    Command::new(env!("CARGO_BIN_EXE_receive"))
}

/// Sends one of each signal.
fn send(protocol: Protocol, endpoint: &str) {
    let builder = Telemetry::builder("order").config(Config::default()).console(false);
    let telemetry = builder.endpoint(protocol, endpoint).build().unwrap();
    let meter = telemetry.meter(telemetry::scope("order", "1"));
    meter.u64_counter("order.packed").with_unit("{order}").build().add(1, &[]);
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        tracing::info_span!("order").in_scope(|| tracing::info_span!("pack").in_scope(|| tracing::info!("packed")));
    });
    telemetry.shutdown().unwrap();
}

#[test]
fn every_protocol_arrives() {
    for (protocol, door) in [(Protocol::Grpc, "gRPC"), (Protocol::HttpBinary, "HTTP"), (Protocol::HttpJson, "HTTP")] {
        let mut receiver = receive();
        receiver.args(["--grpc", "0", "--http", "0", "--stable"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut receiver = receiver.spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(receiver.stderr.take().unwrap()).read_line(&mut greeting).unwrap();
        let address = greeting.split(door).nth(1).unwrap().trim_start_matches(" on ");
        let address = address.split([',', ';']).next().unwrap();

        send(protocol, &format!("http://{address}"));
        Command::new("kill").args(["-INT", &receiver.id().to_string()]).status().unwrap();
        let mut printed = String::new();
        receiver.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert!(receiver.wait().unwrap().success());
        let tree: Vec<_> = printed.lines().map(|line| line.split("  [order]").next().unwrap()).collect();
        let expected = [
            "trace  ",
            "  order  internal",
            "    pack  internal",
            "log    INFO packed  in pack",
            "metric order.packed = 1 {order}",
        ];
        assert_eq!(tree, expected, "{protocol:?}");
    }
}

/// A script that posts `body` to `path` and prints the answer, with nothing but bash.
fn post(path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        r#"address=${{OTEL_EXPORTER_OTLP_ENDPOINT#http://}}
        exec 3<> "/dev/tcp/${{address%:*}}/${{address#*:}}"
        printf 'POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {content_type}\r\n' >&3
        printf 'Content-Length: {length}\r\nConnection: close\r\n\r\n%s' '{body}' >&3
        cat <&3
        "#
    )
}

#[test]
fn a_command_sends_here_and_its_code_is_ours() {
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"INFO","body":{"stringValue":"by hand"}}]}]}]}"#;
    let script = post("/v1/logs", "application/json", body) + "exit 7";
    let output = receive().args(["--json", "--only", "logs", "--", "bash", "-c", &script]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{printed}");
    let record = printed.lines().last().unwrap();
    let (begins, says) = (r#"{}{"signal":"log","service":"unknown_service","severity":"INFO""#, r#""body":"by hand""#);
    assert!(record.starts_with(begins) && record.contains(says), "{printed}");
}

#[test]
fn what_is_no_otlp_is_refused_with_the_reason() {
    for (content_type, status, reason) in [
        ("application/json", "400", "this is no OTLP: EOF while parsing"),
        ("text/plain", "415", r#"Content-Type "text/plain": expected application/x-protobuf or application/json"#),
    ] {
        let script = post("/v1/traces", content_type, "{");
        let output = receive().args(["--", "bash", "-c", &script]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(reason), "{answer}");
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = receive().args(["--grpc", "0", "--http", &port.to_string()]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains(&format!("port {port} cannot be had")), "{error}");
}
