//! An exporter that stands still until it is told to go on. It makes overload repeatable: no clock decides.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize, atomic::Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// How long either side waits for the other. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// An exporter, and the gate it stands behind.
///
/// ```
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let (exporter, gate) = cost::gate();
/// let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
/// drop(provider.tracer("shop").start("order"));
/// gate.open();
/// provider.shutdown().unwrap();
/// assert_eq!(gate.taken(), 1);
/// ```
pub fn gate() -> (Gated, Gate) {
    let ((begin, begun), (go, gone)) = (sync_channel(1), sync_channel(1));
    let taken = Arc::new(AtomicUsize::new(0));
    let exporter = Gated { begin, gone: Mutex::new(gone), taken: taken.clone() };
    (exporter, Gate { begun, go: Mutex::new(Some(go)), taken })
}

/// What waits behind the gate: exports nothing, to nowhere, and takes as long as it is told.
#[derive(Debug)]
pub struct Gated {
    begin: SyncSender<Export>,
    gone: Mutex<Receiver<()>>,
    taken: Arc<AtomicUsize>,
}

/// An export that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// The spans or log records in it.
    pub size: usize,
    /// The thread that waits for it.
    pub thread: ThreadId,
}

impl Gated {
    fn take(&self, size: usize) -> OTelSdkResult {
        self.taken.fetch_add(size, Ordering::Relaxed);
        // Nobody watches an open gate.
        let _ = self.begin.try_send(Export { size, thread: std::thread::current().id() });
        match self.gone.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(OTelSdkError::Timeout(PATIENCE)),
        }
    }
}

impl SpanExporter for Gated {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.take(batch.len())
    }
}

impl LogExporter for Gated {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.take(batch.iter().count())
    }
}

/// The other side: sees exports begin, and lets them end.
#[derive(Debug)]
pub struct Gate {
    begun: Receiver<Export>,
    /// Gone when the gate is open.
    go: Mutex<Option<SyncSender<()>>>,
    taken: Arc<AtomicUsize>,
}

impl Gate {
    /// The next export, once it stands before the gate.
    ///
    /// # Errors
    ///
    /// When none begins within ten seconds.
    pub fn next(&self) -> Result<Export, RecvTimeoutError> {
        self.begun.recv_timeout(PATIENCE)
    }

    /// Whether an export stands before the gate that [`next`](Self::next) has not seen.
    pub fn is_waiting(&self) -> bool {
        self.begun.try_recv().is_ok()
    }

    /// Lets one export end.
    pub fn release(&self) {
        if let Some(go) = &*self.go.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = go.try_send(());
        }
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        *self.go.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many spans or log records have been handed over so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}
