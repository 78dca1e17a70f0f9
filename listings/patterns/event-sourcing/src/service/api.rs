//! What customers see.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use axum::{Json, Router, middleware};
use opentelemetry::metrics::Meter;
use serde::{Deserialize, Serialize};
use telemetry::http::{Server, trace};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::reply::Problem;
use crate::append::Appended;
use crate::bank::{Balance, Customer, Entry, Teller, balance, statement};
use crate::metadata::Metadata;
use crate::position::Position;
use crate::store::EventStore;

// ANCHOR: router
/// A command is a line of JSON.
const LONGEST: usize = 4 * 1024;

/// Commands and questions of customers, and the probes of the platform.
pub fn router(store: EventStore, meter: &Meter) -> Router {
    let bank = Bank { teller: Teller::new(store.clone()), store };
    Router::new()
        .route("/accounts", post(open))
        .route("/accounts/{account}", get(read))
        .route("/accounts/{account}/deposits", post(deposit))
        .route("/accounts/{account}/statement", get(lines))
        .route("/transfers", post(transfer))
        .route("/customers/{customer}", delete(forget))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(middleware::from_fn_with_state(Server::new(meter), trace))
        .with_state(bank)
        .route("/healthz", get(async || StatusCode::OK))
}
// ANCHOR_END: router

#[derive(Debug, Clone)]
struct Bank {
    store: EventStore,
    teller: Teller,
}

/// What was done: the account, and the place of the last event, for `?after=`.
#[derive(Debug, Serialize)]
struct Done {
    account: Uuid,
    position: String,
}

impl Done {
    fn with(account: Uuid, appended: Appended) -> Json<Self> {
        Json(Self { account, position: appended.position.to_string() })
    }
}

/// `Idempotency-Key`: a UUID that the customer's program makes once for each wish, and sends again with each attempt.
struct Command(Uuid);

impl TryFrom<&HeaderMap> for Command {
    type Error = Problem;

    fn try_from(headers: &HeaderMap) -> Result<Self, Problem> {
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()?.parse().ok());
        key.map(Self).ok_or_else(|| Problem::bad_request("send a UUID as Idempotency-Key, the same with each attempt"))
    }
}

/// All events of one request tell one story. Of what was asked for they keep a digest.
fn metadata(Command(command): &Command, asked: impl Serialize) -> Metadata {
    let asked = serde_json::to_vec(&asked).expect("it came as JSON");
    let request = Some(Uuid::new_v5(command, &asked));
    Metadata { correlation: Some(command.to_string()), request, ..Metadata::default() }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    customer: Uuid,
    name: String,
    currency: String,
}

async fn open(
    State(bank): State<Bank>,
    headers: HeaderMap,
    Json(opening): Json<Opening>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let command = Command::try_from(&headers)?;
    let account = Uuid::new_v5(&command.0, b"account");
    let customer = Customer { number: opening.customer, name: opening.name };
    // Not the name: it could be guessed from its digest when its key is long gone.
    let metadata = metadata(&command, ("open", opening.customer, &opening.currency));
    let opened = bank.teller.open(account, &customer, &opening.currency, command.0, metadata).await?;
    Ok((StatusCode::CREATED, Done::with(account, opened)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deposit {
    cents: i64,
}

// ANCHOR: deposit
async fn deposit(
    State(bank): State<Bank>,
    Path(account): Path<Uuid>,
    headers: HeaderMap,
    Json(deposit): Json<Deposit>,
) -> Result<Json<Done>, Problem> {
    let command = Command::try_from(&headers)?;
    let metadata = metadata(&command, ("deposit", account, deposit.cents));
    let deposited = bank.teller.deposit(account, deposit.cents, command.0, metadata).await?;
    Ok(Done::with(account, deposited))
}
// ANCHOR_END: deposit

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    from: Uuid,
    to: Uuid,
    cents: i64,
}

async fn transfer(
    State(bank): State<Bank>,
    headers: HeaderMap,
    Json(transfer): Json<Transfer>,
) -> Result<Json<Done>, Problem> {
    let command = Command::try_from(&headers)?;
    let Transfer { from, to, cents } = transfer;
    let metadata = metadata(&command, ("transfer", from, to, cents));
    let moved = bank.teller.transfer(from, to, cents, command.0, metadata).await?;
    Ok(Done::with(from, moved))
}

async fn forget(State(bank): State<Bank>, Path(customer): Path<Uuid>) -> Result<StatusCode, Problem> {
    bank.teller.forget(customer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How long a question waits for the projection.
const PATIENCE: Duration = Duration::from_secs(2);

/// `?after=740-8`: an answer that knows this event.
#[derive(Debug, Deserialize)]
struct After {
    after: Option<String>,
}

// ANCHOR: read
/// Reads the read model. With `?after=` it waits until the projection has come that far: who has just written reads what
/// they wrote.
async fn read(
    State(bank): State<Bank>,
    Path(account): Path<Uuid>,
    Query(After { after }): Query<After>,
) -> Result<Json<Balance>, Problem> {
    if let Some(after) = after {
        let after: Position = after.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
        let deadline = Instant::now() + PATIENCE;
        while bank.store.progress("balances").await? < after {
            if Instant::now() > deadline {
                return Err(Problem::try_later("the balances have not come that far"));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
    let balance = balance(&bank.store, account).await?;
    balance.map(Json).ok_or_else(|| Problem::not_found("there is no such account"))
}
// ANCHOR_END: read

/// A page of a statement.
const LINES: u32 = 100;

async fn lines(State(bank): State<Bank>, Path(account): Path<Uuid>) -> Result<Json<Vec<Entry>>, Problem> {
    Ok(Json(statement(&bank.store, account, LINES).await?))
}
