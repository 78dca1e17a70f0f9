//! From an open port to a clean end.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long requests that are under way may take once the program has been told to stop. Longer than a call to the
/// payment service can last, and shorter than the grace period of the platform.
const DRAIN: Duration = Duration::from_secs(10);

/// The port is taken, or not ours to take.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; is {variable} taken?")]
pub struct CannotListen {
    address: SocketAddr,
    variable: &'static str,
    source: io::Error,
}

/// Opens a port, and says which: `variable` may have been 0.
///
/// # Errors
///
/// [`CannotListen`], which names the `variable` that chose the port.
pub async fn listen(address: Ipv4Addr, port: u16, variable: &'static str) -> Result<TcpListener, CannotListen> {
    let asked = SocketAddr::from((address, port));
    let refused = |source| CannotListen { address: asked, variable, source };
    let listener = TcpListener::bind(asked).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (ip, port) = (address.ip(), i64::from(address.port())); // an unsigned field would arrive as text
    tracing::info!(name: "shop.listening", { server.address = %ip, server.port = port }, "{variable} is open");
    Ok(listener)
}

// ANCHOR: stop
/// Tells every part of the program that it is time to stop. Clones hear the same word.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Says it.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Says it when the platform does: on SIGTERM or Ctrl-C.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a signal handler.
    pub async fn on_signal(&self) -> io::Result<()> {
        telemetry::shutdown_signal().await?;
        self.now();
        Ok(())
    }

    /// Waits until it is said.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.0.subscribe();
        async move {
            // An error means that nobody is left who could say it, which is an end as well.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}
// ANCHOR_END: stop

// ANCHOR: serve
/// Answers until `stop`, then lets the requests under way finish, for ten seconds at most.
///
/// # Errors
///
/// When the socket fails.
pub async fn serve(listener: TcpListener, router: Router, stop: &Stop) -> io::Result<()> {
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.wait());
    let deadline = async {
        stop.wait().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = server => result,
        () = deadline => {
            tracing::warn!(name: "shop.drain_cut", "requests were still under way after {DRAIN:?}; they end here");
            Ok(())
        }
    }
}
// ANCHOR_END: serve
