//! Whatever runtime the program has, and wherever it stops: everything arrives, at once.
//!
//! `cargo test -p telemetry --test shutdown -- --nocapture` prints the matrix with its times.
#![allow(clippy::unwrap_used)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use telemetry::Telemetry;
use testkit::Receiver;
use tokio::runtime::Builder;

const SPANS: usize = 600; // more than a batch
const BOUND: Duration = Duration::from_secs(3); // a hang takes 5 s

/// The program's runtime.
#[derive(Debug, Clone, Copy)]
enum Runtime {
    None,
    CurrentThread,
    OneWorker,
    TwoWorkers,
}

/// How the program ends, after its work.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Shutdown,
    ShutdownInTask,
    Flush,
    Drop,
    DropInTask,
    Panic,
}

impl Ending {
    fn of(self, telemetry: Telemetry) -> Option<Telemetry> {
        match self {
            Self::Shutdown | Self::ShutdownInTask => telemetry.shutdown().unwrap(),
            Self::Drop | Self::DropInTask => drop(telemetry),
            Self::Flush => {
                telemetry.flush().unwrap();
                return Some(telemetry); // dropped after the spans have been counted
            }
            Self::Panic => {
                let unwound = catch_unwind(AssertUnwindSafe(|| {
                    let _guard = telemetry;
                    std::panic::resume_unwind(Box::new("unwinds, without a message"));
                }));
                assert!(unwound.is_err());
            }
        }
        None
    }

    fn in_task(self) -> bool {
        matches!(self, Self::ShutdownInTask | Self::DropInTask)
    }
}

/// Builds, works and ends on the runtime of the program; says how long the ending took.
fn program(runtime: Runtime, ending: Ending, receiver: &Receiver) -> (Duration, Option<Telemetry>) {
    let builder = receiver.telemetry("matrix");
    let live = move || {
        let telemetry = builder.build().unwrap();
        common::work(&telemetry, SPANS);
        let started = Instant::now();
        let telemetry = ending.of(telemetry);
        (started.elapsed(), telemetry)
    };
    let tokio = match runtime {
        Runtime::None => return live(),
        Runtime::CurrentThread => Builder::new_current_thread().enable_all().build(),
        Runtime::OneWorker => Builder::new_multi_thread().worker_threads(1).enable_all().build(),
        Runtime::TwoWorkers => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
    };
    tokio.unwrap().block_on(async move {
        match ending.in_task() {
            true => tokio::spawn(async move { live() }).await.unwrap(),
            false => live(),
        }
    })
}

#[test]
fn everything_arrives_on_every_runtime_however_the_program_ends() {
    let ours = Builder::new_current_thread().enable_all().build().unwrap();
    println!("{:14} {:14} {:15} {:>8} {:>6}", "protocol", "runtime", "ending", "time", "spans");
    for runtime in [Runtime::None, Runtime::CurrentThread, Runtime::OneWorker, Runtime::TwoWorkers] {
        use Ending::{Drop, DropInTask, Flush, Panic, Shutdown, ShutdownInTask};
        for ending in [Shutdown, ShutdownInTask, Flush, Drop, DropInTask, Panic] {
            if matches!(runtime, Runtime::None) && ending.in_task() {
                continue; // no tasks
            }
            for receiver in [ours.block_on(Receiver::grpc()), ours.block_on(Receiver::http())] {
                let (time, telemetry) = program(runtime, ending, &receiver);
                let capture = ours.block_on(receiver.capture());
                let case =
                    format!("{:14} {:14} {:15}", receiver.protocol(), format!("{runtime:?}"), format!("{ending:?}"));
                println!("{case} {:5} ms {:6}", time.as_millis(), capture.spans.len());
                assert_eq!((capture.spans.len(), capture.logs.len()), (SPANS, SPANS), "{case}");
                assert!(time < BOUND, "{case}: {time:?}");
                drop(telemetry);
            }
        }
    }
}

#[test]
fn a_guard_that_was_shut_down_has_nothing_left_to_do() {
    let ours = Builder::new_current_thread().enable_all().build().unwrap();
    let receiver = ours.block_on(Receiver::http());
    let telemetry = receiver.telemetry("twice").build().unwrap();
    common::work(&telemetry, 1);
    telemetry.flush().unwrap();
    telemetry.flush().unwrap();
    telemetry.shutdown().unwrap(); // and then it is dropped
    assert_eq!(ours.block_on(receiver.span_count()), 1);
}
