//! Many panics at once. A test program with one test, because the hook is global.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use telemetry::Telemetry;
use testkit::Receiver;
use tracing::dispatcher::with_default;

const PATIENCE: Duration = Duration::from_secs(10);

/// A thread that panics, and says so when it is over.
fn panics(telemetry: &Telemetry) -> mpsc::Receiver<()> {
    let (subscriber, (ends, ended)) = (telemetry.dispatch(), mpsc::channel());
    thread::spawn(move || {
        with_default(&subscriber, || catch_unwind(AssertUnwindSafe(|| panic!("one of many")))).unwrap_err();
        ends.send(()).unwrap();
    });
    ended
}

#[tokio::test]
async fn while_one_thread_flushes_the_others_do_not_wait() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    let flushes = Arc::new(AtomicUsize::new(0));
    let ((begins, began), (release, released)) = (mpsc::channel(), mpsc::channel());
    let (count, released) = (flushes.clone(), Mutex::new(released));
    logs::panics::record(move || {
        count.fetch_add(1, Ordering::Relaxed);
        begins.send(()).unwrap();
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap() // the collector does not answer
    });

    let first = panics(&telemetry);
    began.recv_timeout(PATIENCE).expect("it flushes");
    for other in [panics(&telemetry), panics(&telemetry)] {
        other.recv_timeout(PATIENCE / 2).expect("it does not wait for the first one");
    }
    assert_eq!(flushes.load(Ordering::Relaxed), 1);
    release.send(()).unwrap();
    first.recv_timeout(PATIENCE).expect("it goes on");

    telemetry.shutdown().unwrap();
    assert_eq!(receiver.capture().await.logs.len(), 3, "each is recorded all the same");
}
