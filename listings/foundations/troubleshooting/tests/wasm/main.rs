//! A page in the browser: what fails there, and how its spans arrive all the same.
#![allow(clippy::unwrap_used)]

mod page;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mock_collector::{MockServer, Protocol};
use page::{does_not_compile, run};
use testkit::Receiver;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;
use toml::Table;

#[test]
fn symptom_the_sdk_alone_does_not_compile() {
    let error = does_not_compile("build", &["--no-default-features"]);
    assert!(error.contains("The wasm32-unknown-unknown targets are not supported by default"), "{error}");
    assert!(error.contains("could not compile `getrandom`"), "{error}");
}

#[test]
fn symptom_the_exporters_http_client_does_not_compile() {
    let error = does_not_compile("check", &["--features", "client"]);
    assert!(error.contains("no method named `chunk` found for struct `reqwest::Response`"), "{error}");
    assert!(error.contains("could not compile `opentelemetry-http`"), "{error}");
}

#[test]
fn symptom_a_future_of_the_browser_is_not_send() {
    let error = does_not_compile("build", &["--features", "waiting"]);
    assert!(error.contains("error: future cannot be sent between threads safely"), "{error}");
    assert!(error.contains("await occurs here on type `JsFuture`, which is not `Send`"), "{error}");
}

#[tokio::test]
async fn symptom_a_panic_does_not_say_why() {
    let (_, error) = run("page.batch()").await;
    assert!(error.contains("RuntimeError: unreachable") && !error.contains("panicked at"), "{error}");
}

#[tokio::test]
async fn symptom_the_batch_processor_gets_no_thread() {
    let (_, error) = run("page.show_panics(); page.batch()").await;
    let message =
        "Failed to spawn thread: Error { kind: Unsupported, message: \"operation not supported on this platform\" }";
    assert!(error.contains(message), "{error}");
}

#[tokio::test]
async fn symptom_the_exporter_asks_a_clock_that_is_not_there() {
    let (_, error) = run("page.show_panics(); page.simple()").await;
    assert!(error.contains("time not implemented on this platform"), "{error}");
}

#[tokio::test]
async fn symptom_an_exporter_that_waits_freezes_the_page() {
    let (_, error) = run(r#"vm.runInThisContext("page.wait()", { timeout: 1000 })"#).await;
    assert!(error.contains("Script execution timed out after 1000ms"), "{error}");
}

// ANCHOR: arrive
#[tokio::test]
async fn spans_leave_a_page_with_fetch() {
    let receiver = Receiver::http().await;
    run(&format!("page.start('{}'); await page.buy()", receiver.endpoint())).await;
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "checkout\n  pay\n");
    assert!(capture.spans.iter().all(|span| span.service == "page"), "{capture}");
}
// ANCHOR_END: arrive

#[tokio::test]
async fn ids_and_times_arrive_as_the_page_knew_them() {
    let server = MockServer::builder().protocol(Protocol::HttpBinary).start().await.unwrap();
    let before = since_epoch(SystemTime::now()) - 1_000_000; // A page's clock has milliseconds.
    let (known, _) = run(&format!("page.start('http://{}'); console.log(await page.buy())", server.addr())).await;
    let after = since_epoch(SystemTime::now());

    let known: Vec<&str> = known.split_whitespace().collect();
    server
        .with_collector(|collector| {
            let mut spans: Vec<_> = collector.spans().iter().map(|span| span.span().clone()).collect();
            spans.sort_by_key(|span| span.parent_span_id.len());
            let [checkout, pay] = spans.as_slice() else { panic!("two spans, not {spans:?}") };
            assert_eq!(known, [hex(&checkout.trace_id), hex(&checkout.span_id), hex(&pay.span_id)]);
            assert_eq!((&pay.trace_id, &pay.parent_span_id), (&checkout.trace_id, &checkout.span_id));
            let times = [
                before,
                checkout.start_time_unix_nano,
                pay.start_time_unix_nano,
                pay.end_time_unix_nano,
                checkout.end_time_unix_nano,
                after,
            ];
            assert!(times.is_sorted(), "{times:?}");
            let paused = Duration::from_nanos(pay.end_time_unix_nano - pay.start_time_unix_nano);
            assert!(paused >= Duration::from_millis(19), "{paused:?}");
        })
        .await;
}

#[tokio::test]
async fn a_request_says_that_it_is_protobuf() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let click = format!("page.start('http://{}'); page.click(1)", listener.local_addr().unwrap());
    let collector = async {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut lines, mut head) = (BufReader::new(stream).lines(), String::new());
        while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
            head += &format!("{line}\n");
        }
        head
    };
    let (head, _) = tokio::join!(timeout(Duration::from_secs(60), collector), run(&click));
    let head = head.expect("the page connects");
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\n"), "{head}");
}

#[tokio::test]
async fn spans_wait_for_the_answer_and_the_excess_is_counted() {
    let receiver = Receiver::http().await;
    let (_, error) = run(&format!("page.start('{}'); page.click(300)", receiver.endpoint())).await;
    assert_eq!(receiver.span_count().await, 1 + 256);
    assert_eq!(error, "43 spans are left out: 256 were waiting\n");
}

#[tokio::test]
async fn a_hidden_page_sends_what_waits() {
    let receiver = Receiver::http().await;
    let start = format!("page.start('{}'); page.fill_in(1);", receiver.endpoint());
    run(&start).await;
    assert_eq!(receiver.span_count().await, 0);
    run(&format!("{start} document.dispatchEvent(new Event('visibilitychange'))")).await;
    assert_eq!(receiver.capture().await.tree(), "field\n");
}

#[tokio::test]
async fn many_spans_do_not_wait_for_their_root() {
    let receiver = Receiver::http().await;
    let (_, error) = run(&format!("page.start('{}'); page.fill_in(300)", receiver.endpoint())).await;
    assert_eq!((receiver.span_count().await, error.as_str()), (300, ""));
}

#[tokio::test]
async fn a_page_says_what_was_not_taken() {
    let receiver = Receiver::http().await;
    let nowhere = format!("{}/nowhere", receiver.endpoint());
    let (_, error) = run(&format!("page.start('{nowhere}'); page.click(1)")).await;
    assert_eq!(error, format!("1 spans are lost: JsValue(\"{nowhere}/v1/traces answered 404\")\n"));
}

#[test]
fn the_page_is_built_from_the_versions_of_the_book() {
    let versions = |lock: &str| -> Vec<(String, String)> {
        let lock: Table = lock.parse().unwrap();
        let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
        let packages = lock["package"].as_array().unwrap().iter();
        packages.map(|package| (text(package, "name"), text(package, "version"))).collect()
    };
    let book = versions(include_str!("../../../../../Cargo.lock"));
    let page = versions(include_str!("../../fixtures/wasm/Cargo.lock"));
    let shared =
        |name: &str| ["opentelemetry", "prost", "tracing", "wasm-bindgen"].iter().any(|start| name.starts_with(start));
    let mut compared = 0;
    for package in page.iter().filter(|(name, _)| shared(name)) {
        assert!(book.contains(package), "{package:?} is in the page's Cargo.lock and not in the book's");
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
}

fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_nanos().try_into().unwrap()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
