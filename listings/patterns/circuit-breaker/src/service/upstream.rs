//! The flaky dependency: a payment provider whose weather can be changed while it runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};
use opentelemetry::metrics::Meter;
use telemetry::http::{Server, trace};
use tokio::sync::watch;

use super::config::{self, InvalidVariable};
use super::{Order, Receipt};

/// How long a slow answer takes: longer than the service calls slow, shorter than its timeout.
const SLOW: Duration = Duration::from_millis(700);

// ANCHOR: mode
/// How the provider behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Answers at once.
    Ok,
    /// Answers, late.
    Slow,
    /// Answers *500* at once.
    Error,
    /// Accepts the connection and never answers: the failure that hurts most.
    Hang,
}

/// The current mode. Clones show and change the same one.
#[derive(Debug, Clone)]
pub struct Weather(watch::Sender<Mode>);

impl Weather {
    /// Changes the mode, also for the calls that hang in it.
    pub fn set(&self, mode: Mode) {
        self.0.send_replace(mode);
    }

    /// The current mode.
    pub fn mode(&self) -> Mode {
        *self.0.borrow()
    }

    /// How many calls are waiting in [`Mode::Hang`].
    pub fn callers(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Default for Weather {
    fn default() -> Self {
        Self(watch::Sender::new(Mode::Ok))
    }
}
// ANCHOR_END: mode

/// `PORT` of the provider. Default: 8081.
///
/// # Errors
///
/// When the value is no port.
pub fn port() -> Result<u16, InvalidVariable> {
    config::port(|name| std::env::var(name).ok(), "PORT", 8081)
}

/// The provider: `POST /charge`, and `PUT /mode/{mode}` to break and mend it.
pub fn router(weather: Weather, meter: &Meter) -> Router {
    Router::new()
        .route("/charge", post(charge))
        .route("/mode/{mode}", put(set_mode))
        .layer(middleware::from_fn_with_state(Server::new(meter), trace))
        .route("/healthz", get(async || StatusCode::OK))
        .with_state(weather)
}

// ANCHOR: charge
async fn charge(State(weather): State<Weather>, Json(order): Json<Order>) -> Result<Json<Receipt>, StatusCode> {
    match weather.mode() {
        Mode::Ok => {}
        Mode::Slow => tokio::time::sleep(SLOW).await,
        Mode::Error => return Err(StatusCode::INTERNAL_SERVER_ERROR),
        Mode::Hang => {
            // Until the weather changes or the caller gives up. Either way the order is not charged.
            let _ = weather.0.subscribe().changed().await;
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
    }
    Ok(Json(Receipt { order: order.order, payment: "accepted".into() }))
}
// ANCHOR_END: charge

async fn set_mode(State(weather): State<Weather>, Path(mode): Path<String>) -> Result<String, (StatusCode, String)> {
    let mode = mode.parse::<Mode>().map_err(|unknown| (StatusCode::BAD_REQUEST, format!("{unknown}\n")))?;
    weather.set(mode);
    tracing::info!(name: "payments.mode_changed", { payments.mode = %mode }, "the weather has changed");
    Ok(format!("{mode}\n"))
}

/// The name is none of the modes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no mode; expected ok, slow, error or hang")]
pub struct UnknownMode(String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "ok" => Ok(Self::Ok),
            "slow" => Ok(Self::Slow),
            "error" => Ok(Self::Error),
            "hang" => Ok(Self::Hang),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Slow => "slow",
            Self::Error => "error",
            Self::Hang => "hang",
        })
    }
}
