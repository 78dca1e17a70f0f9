//! The client of the payment provider, with the breaker around it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use opentelemetry::metrics::Meter;
use reqwest::redirect::Policy;
use reqwest::{Method, Request, Response, Url};
use telemetry::http::{ClientLayer, ClientService};
use tower::{Layer, Service, ServiceExt};

use super::{Order, Receipt};
use crate::{Cancellation, CircuitBreaker, CircuitBreakerLayer, CircuitBreakerService, Config, ConfigError};
use crate::{Error, Outcome, Rate, Registry, SlidingWindow, Wait};

/// How long one call may take, from connecting to the last byte. What never ends is never counted.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// A receipt is a line of JSON. Whatever sends more is not a payment provider.
const LONGEST_ANSWER: usize = 16 * 1024;

// ANCHOR: settings
/// What this service knows about its provider, in the breaker's terms.
pub fn settings() -> Config {
    Config {
        sliding_window: SlidingWindow::Count(20),
        minimum_number_of_calls: 10,
        slow_call_duration_threshold: Some(TIMEOUT / 2),
        slow_call_rate_threshold: Rate::percent(50.0).expect("50 is a percentage"),
        // The provider needs some seconds to restart; every replica waits a little longer or shorter than the others.
        wait_in_open_state: Wait::exponential(Duration::from_secs(5), Duration::from_secs(60)).with_jitter(0.2),
        permitted_calls_in_half_open_state: 3,
        max_wait_in_half_open_state: 2 * TIMEOUT,
        // A customer who leaves at once says nothing about the provider. One who left after half a second does.
        cancellation: Cancellation::Slow,
        ..Config::default()
    }
}
// ANCHOR_END: settings

/// Why an order was not charged, or not known to be.
#[derive(Debug, thiserror::Error)]
pub enum ChargeError {
    /// The provider could not be reached, or the answer broke off, or it took too long.
    #[error("the payment provider did not answer: {0}")]
    Transport(#[from] reqwest::Error),
    /// The provider is there and does not work.
    #[error("the payment provider answered {0}")]
    Provider(StatusCode),
    /// The provider works and does not want this order.
    #[error("the payment provider refused the order: {0}")]
    Refused(StatusCode),
    /// The answer is no receipt for this order.
    #[error("the payment provider answered nonsense")]
    Nonsense,
}

// ANCHOR: classify
/// What a result says about the provider. A refused order says nothing: whoever posts bad orders must not be able to
/// close the shop for the others.
fn classify(result: &Result<Receipt, ChargeError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(ChargeError::Refused(_)) => Outcome::Ignored,
        Err(ChargeError::Transport(_) | ChargeError::Provider(_) | ChargeError::Nonsense) => Outcome::Failure,
    }
}
// ANCHOR_END: classify

// ANCHOR: client
/// The client that the breaker protects. The timeout covers the whole call, body included, and stands inside the breaker.
///
/// # Errors
///
/// When the client cannot be built.
pub fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(timeout).redirect(Policy::none()).build()
}
// ANCHOR_END: client

type Guarded = CircuitBreakerService<Charge, fn(&Result<Receipt, ChargeError>) -> Outcome>;

// ANCHOR: payments
/// Charges orders. Clones share connections and breakers.
#[derive(Debug, Clone)]
pub struct Payments {
    service: Guarded,
    breakers: Registry,
}

impl Payments {
    /// A client of the provider at `url`. Its breaker is named after the provider's host and port.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the breaker's `settings` cannot work.
    pub fn new(url: Url, settings: Config, client: reqwest::Client, meter: &Meter) -> Result<Self, ConfigError> {
        let breakers = Registry::new(64, settings)?.observe(meter.clone());
        let breaker = breakers.get(url.authority())?;
        let service = CircuitBreakerLayer::new(breaker.clone())
            .classify(classify as fn(&_) -> _)
            .layer(Charge::new(url, client, &breaker, meter));
        Ok(Self { service, breakers })
    }

    /// Charges an order, or says at once that it would be useless to try.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when the call was not made, else what went wrong with it.
    pub async fn charge(&self, order: Order) -> Result<Receipt, Error<ChargeError>> {
        self.service.clone().oneshot(order).await
    }
    // ANCHOR_END: payments

    /// The breakers, for operators.
    pub fn breakers(&self) -> &Registry {
        &self.breakers
    }
}

/// One call, from the request to a receipt that can be trusted: everything that can go wrong happens inside the breaker.
#[derive(Debug, Clone)]
struct Charge {
    client: ClientService<reqwest::Client>,
    url: Url,
}

impl Charge {
    // ANCHOR: traced
    fn new(mut url: Url, client: reqwest::Client, breaker: &CircuitBreaker, meter: &Meter) -> Self {
        url.set_path("/charge");
        let breaker = breaker.clone();
        let traced = ClientLayer::new(meter).with_attributes(move || breaker.attributes());
        Self { client: traced.layer(client), url }
    }
    // ANCHOR_END: traced

    fn request(&self, order: &Order) -> Request {
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("it is ASCII"));
        *request.body_mut() = Some(serde_json::to_vec(order).expect("an order is plain data").into());
        request
    }
}

// ANCHOR: charge
impl Service<Order> for Charge {
    type Response = Receipt;
    type Error = ChargeError;
    type Future = Pin<Box<dyn Future<Output = Result<Receipt, ChargeError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ChargeError>> {
        self.client.poll_ready(context).map_err(ChargeError::Transport)
    }

    fn call(&mut self, order: Order) -> Self::Future {
        let answer = self.client.call(self.request(&order));
        Box::pin(async move {
            let answer = answer.await?;
            match answer.status() {
                status if status.is_success() => receipt(answer, &order).await,
                // Too many requests is the provider's trouble, and not this order's.
                status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                    Err(ChargeError::Refused(status))
                }
                status => Err(ChargeError::Provider(status)),
            }
        })
    }
}

async fn receipt(mut answer: Response, order: &Order) -> Result<Receipt, ChargeError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(ChargeError::Nonsense);
        }
    }
    let receipt: Receipt = serde_json::from_slice(&body).map_err(|_| ChargeError::Nonsense)?;
    if receipt.order == order.order { Ok(receipt) } else { Err(ChargeError::Nonsense) }
}
// ANCHOR_END: charge
