//! The edge: behind it everybody trusts the context that comes in, so nobody outside may bring one.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

/// The header in which somebody asks to be traced, with the token as its value.
pub const TOKEN: HeaderName = HeaderName::from_static("x-trace-debug");

/// Who may ask for a trace.
#[derive(Debug, Clone)]
pub struct Edge {
    token: Option<[u8; 32]>,
}

impl Edge {
    /// Whoever knows `token`; an empty one is known to nobody. Only its digest is kept. How long a comparison of digests
    /// takes says nothing about the token.
    pub fn new(token: &str) -> Self {
        Self { token: (!token.is_empty()).then(|| Sha256::digest(token).into()) }
    }

    fn knows(&self, token: &[u8]) -> bool {
        self.token.is_some_and(|digest| digest == <[u8; 32]>::from(Sha256::digest(token)))
    }
}

// ANCHOR: edge
/// axum middleware, outside of everything that reads a context. A stranger's `traceparent` holds a decision and an id,
/// and whoever chooses the id chooses the decision as well; so a trace begins here. The mark that [`crate::debug`] looks
/// for can come from nowhere else.
pub async fn edge(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    for name in ["traceparent", "tracestate", "baggage"] {
        headers.remove(name);
    }
    if headers.remove(TOKEN).is_some_and(|token| edge.knows(token.as_bytes())) {
        headers.insert("baggage", HeaderValue::from_static("trace.debug=true"));
    }
    next.run(request).await
}
// ANCHOR_END: edge
