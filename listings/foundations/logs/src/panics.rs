//! Panics: what nobody handled, in one record.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};
use std::sync::Mutex;
use std::thread;

use tracing::{Level, event};

// ANCHOR: hook
/// From now on a panic is a log record, too, and has left the process before the panic goes on: with `panic = "abort"`
/// there is no later. `flush` must give up after a while. While one thread flushes, others do not wait for it, so a storm
/// of panics does not stop the program.
pub fn record(flush: impl Fn() + Send + Sync + 'static) {
    let before = panic::take_hook();
    let flushing = Mutex::new(());
    panic::set_hook(Box::new(move |info| {
        write(info);
        if let Ok(_one_at_a_time) = flushing.try_lock() {
            flush();
        }
        before(info); // the message on standard error
    }));
}

fn write(info: &PanicHookInfo<'_>) {
    event!(
        name: "exception",
        Level::ERROR,
        exception.type = "panic",
        exception.message = info.payload_as_str().unwrap_or("the payload is no text"),
        exception.stacktrace = %Backtrace::force_capture(),
        code.file.path = info.location().map(panic::Location::file),
        code.line.number = info.location().map(panic::Location::line),
        thread.name = thread::current().name(),
        "panicked"
    );
}
// ANCHOR_END: hook
