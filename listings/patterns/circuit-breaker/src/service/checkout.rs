//! What customers see.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use opentelemetry::metrics::Meter;
use serde_json::json;
use telemetry::http::{Server, trace};

use super::payments::{ChargeError, Payments};
use super::{Order, Receipt};
use crate::{Error, Rejected};

// ANCHOR: router
/// An order is a line of JSON.
const LONGEST_ORDER: usize = 4 * 1024;

/// `POST /checkout` for customers, `/healthz` and `/readyz` for the platform.
///
/// The probes are not traced: they are not traffic. And they do not ask the breaker: a replica with a sick provider still
/// answers its customers, and one provider would take every replica out of the load balancer.
pub fn router(payments: Payments, meter: &Meter) -> Router {
    Router::new()
        .route("/checkout", post(checkout).layer(DefaultBodyLimit::max(LONGEST_ORDER)))
        .layer(middleware::from_fn_with_state(Server::new(meter), trace))
        .with_state(payments)
        .route("/healthz", get(async || StatusCode::OK))
        .route("/readyz", get(async || StatusCode::OK))
}
// ANCHOR_END: router

async fn checkout(State(payments): State<Payments>, Json(order): Json<Order>) -> Result<Json<Receipt>, NotCharged> {
    Ok(Json(payments.charge(order).await?))
}

/// An order that was not charged, as an answer.
struct NotCharged(Error<ChargeError>);

impl From<Error<ChargeError>> for NotCharged {
    fn from(error: Error<ChargeError>) -> Self {
        Self(error)
    }
}

// ANCHOR: fallback
impl IntoResponse for NotCharged {
    fn into_response(self) -> Response {
        match self.0 {
            Error::Rejected(rejected) => try_later(&rejected),
            Error::Inner(error) => {
                let status = match &error {
                    ChargeError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
                    ChargeError::Transport(error) if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
                    _ => StatusCode::BAD_GATEWAY,
                };
                // The details are in the trace. The customer learns what matters to them.
                let message = match error {
                    ChargeError::Refused(_) => "the payment was refused",
                    _ => "we do not know whether the order was charged; do not pay twice",
                };
                (status, Json(json!({ "error": message }))).into_response()
            }
        }
    }
}

/// The fallback: at once, honest, and with a time to come back.
fn try_later(rejected: &Rejected) -> Response {
    // In whole seconds, rounded up; a minute where only an operator knows.
    let wait = rejected.retry_after.map_or(60, |wait| wait.as_millis().div_ceil(1000).max(1));
    let body = Json(json!({ "error": "payments are unavailable; nothing was charged, please try again later" }));
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, wait.to_string())], body).into_response()
}
// ANCHOR_END: fallback
