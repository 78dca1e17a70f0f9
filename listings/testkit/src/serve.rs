//! A real HTTP server inside a test.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

/// Serves `router` on a port of its own until the test's runtime ends. axum answers each connection on a task of its
/// own, which knows nothing of the test's subscriber; so every request is handed to `dispatch`.
pub async fn serve(router: Router, dispatch: Dispatch) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
    let address = listener.local_addr().expect("a bound socket has an address");
    let router = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        next.run(request).with_subscriber(dispatch.clone())
    }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
