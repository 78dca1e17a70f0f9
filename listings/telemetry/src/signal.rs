//! When to stop.

/// Waits for SIGTERM or Ctrl-C, whichever comes first. Pass it to `axum::serve(…).with_graceful_shutdown(…)`, and shut
/// telemetry down after the server has drained.
///
/// # Errors
///
/// When the operating system refuses a signal handler.
pub async fn shutdown_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
