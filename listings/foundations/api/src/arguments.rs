//! What `#[instrument]` records when nobody tells it otherwise.

use tracing::instrument;

// ANCHOR: arguments
/// Every argument becomes an attribute: the password is on its way to the backend.
#[instrument]
pub fn log_in(user: &str, password: &str) -> bool {
    !user.is_empty() && password.len() > 8
}

/// Nothing is recorded but what stands here.
#[instrument(skip_all, fields(user.id = user))]
pub fn log_in_safely(user: &str, password: &str) -> bool {
    !user.is_empty() && password.len() > 8
}
// ANCHOR_END: arguments
