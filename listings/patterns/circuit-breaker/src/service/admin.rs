//! What operators see: `GET /admin/breakers`, and `POST /admin/breakers/{name}/{transition}` to move one by hand.
//!
//! There is no authentication in here, because there is no network: this listens on the loopback interface only.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::{CircuitBreaker, Registry, State};

// ANCHOR: admin
/// The admin interface over these breakers.
pub fn router(breakers: Registry) -> Router {
    Router::new()
        .route("/admin/breakers", get(list))
        .route("/admin/breakers/{name}/{transition}", post(transition))
        .with_state(breakers)
}

async fn list(Shared(breakers): Shared<Registry>) -> Json<Value> {
    Json(breakers.all().iter().map(describe).collect())
}

async fn transition(
    Shared(breakers): Shared<Registry>,
    Path((name, transition)): Path<(String, String)>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let unknown = || (StatusCode::NOT_FOUND, format!("there is no breaker {name:?}; GET /admin/breakers lists them\n"));
    let breaker = breakers.find(&name).ok_or_else(unknown)?;
    match transition.as_str() {
        "reset" => breaker.reset(),
        state => {
            let state: State =
                state.parse().map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}, or reset\n")))?;
            breaker.transition_to(state);
        }
    }
    Ok(Json(describe(&breaker)))
}
// ANCHOR_END: admin

fn describe(breaker: &CircuitBreaker) -> Value {
    let seen = breaker.snapshot();
    let tripped_by = breaker.tripped_by().map(|span| span.trace_id().to_string());
    json!({
        "name": &*seen.name,
        "state": seen.state.as_str(),
        "failure_rate": seen.failure_rate.as_percent(),
        "slow_call_rate": seen.slow_call_rate.as_percent(),
        "buffered_calls": seen.buffered_calls,
        "tripped_by_trace": tripped_by,
    })
}
