//! What went wrong, as an answer: RFC 9457 Problem Details.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::aggregate::{ExecuteError, LoadError};
use crate::append::AppendError;
use crate::bank::{Refusal, TellerError};
use crate::shredding::VaultError;

/// An answer other than success.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Whether the same request may succeed in a second.
    again: bool,
}

impl Problem {
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail: detail.into(), again: false }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail: detail.into(), again: false }
    }

    fn refused(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into(), again: false }
    }

    /// The cause is for the log and not for the customer.
    fn ours(error: &TellerError) -> Self {
        tracing::error!(name: "request.failed", { exception.message = %error }, "a request cannot be carried out");
        let detail = "nothing has happened, and sending it again will not help: the fault is ours".into();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail, again: false }
    }

    pub fn try_later(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), again: true }
    }
}

// ANCHOR: problems
impl From<TellerError> for Problem {
    fn from(error: TellerError) -> Self {
        match error {
            TellerError::Execute(ExecuteError::Refused(Refusal::NotOpen)) => {
                Self::not_found(Refusal::NotOpen.to_string())
            }
            TellerError::Execute(ExecuteError::Refused(refusal)) => Self::refused(refusal.to_string()),
            TellerError::Execute(ExecuteError::Append(
                AppendError::Conflict { .. } | AppendError::Overtaken { .. },
            )) => Self {
                status: StatusCode::CONFLICT,
                detail: "others were faster, and nothing has happened; send it again with the same Idempotency-Key"
                    .into(),
                again: true,
            },
            TellerError::Execute(ExecuteError::Append(AppendError::Unknown(_))) => Self::try_later(
                "we do not know whether it happened; send it again with the same Idempotency-Key, and it happens once",
            ),
            TellerError::Execute(ExecuteError::Append(AppendError::Reused)) => {
                Self::refused("this Idempotency-Key was sent before, with another request")
            }
            TellerError::Execute(
                ExecuteError::Load(LoadError::Database(_)) | ExecuteError::Append(AppendError::Refused(_)),
            )
            | TellerError::Vault(VaultError::Database(_)) => {
                Self::try_later("it was not done this time; send it again with the same Idempotency-Key")
            }
            // An event that this program does not understand: sending it again is of no use.
            error => Self::ours(&error),
        }
    }
}
// ANCHOR_END: problems

impl From<sqlx::Error> for Problem {
    fn from(_: sqlx::Error) -> Self {
        Self::try_later("the accounts cannot be read now")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body =
            json!({ "status": self.status.as_u16(), "title": self.status.canonical_reason(), "detail": self.detail });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, "application/problem+json".parse().expect("ASCII"));
        if self.again {
            headers.insert(RETRY_AFTER, "1".parse().expect("ASCII"));
        }
        response
    }
}
