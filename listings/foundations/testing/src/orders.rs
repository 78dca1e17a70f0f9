//! Orders, which ask the stock.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use reqwest::{Method, Request, StatusCode, Url};
use telemetry::http::{ClientLayer, ClientService};
use tokio::task::JoinError;
use tower::{Layer, ServiceExt};
use tracing::field::Empty;
use tracing::{Instrument, Span};

/// Longer than the stock ever takes, shorter than a customer waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The stock has fewer items than the order.
    #[error("sold out")]
    SoldOut,
    /// The stock did not answer, or not as agreed.
    #[error("the stock cannot be asked: {0}")]
    Stock(#[from] reqwest::Error),
    /// The task that asked the stock was stopped.
    #[error(transparent)]
    Stopped(#[from] JoinError),
}

impl OrderError {
    /// A closed set: it is an attribute of a metric.
    fn outcome(&self) -> &'static str {
        match self {
            Self::SoldOut => "sold_out",
            Self::Stock(_) | Self::Stopped(_) => "failed",
        }
    }
}

/// Takes orders. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Orders {
    stock: Url,
    client: ClientService<reqwest::Client>,
    orders: Counter<u64>,
}

impl Orders {
    /// Asks the stock at this URL; makes its instruments with `meter`, and none of its own.
    ///
    /// # Errors
    ///
    /// When there is no HTTP client to be had.
    pub fn new(stock: Url, meter: &Meter) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let description = "Orders, by how they ended.";
        let orders = meter.u64_counter("shop.orders").with_unit("{order}").with_description(description).build();
        Ok(Self { stock, client: ClientLayer::new(meter).layer(client), orders })
    }

    // ANCHOR: place
    /// Takes an order for so many items.
    ///
    /// # Errors
    ///
    /// [`OrderError`]; nothing is reserved then.
    #[tracing::instrument(
        name = "order.place",
        skip_all,
        fields(shop.order.items = items, error.type = Empty, otel.status_code = Empty)
    )]
    pub async fn place(&self, items: i64) -> Result<(), OrderError> {
        let result = self.fulfil().await;
        if let Err(error @ (OrderError::Stock(_) | OrderError::Stopped(_))) = &result {
            Span::current().record("error.type", error.outcome()).record("otel.status_code", "ERROR");
        }
        result
    }

    /// What an order is, inside whatever span the caller has: a reservation, a count and a log record.
    ///
    /// # Errors
    ///
    /// As [`place`](Self::place).
    pub async fn fulfil(&self) -> Result<(), OrderError> {
        // In a task of its own: a customer who hangs up leaves no half reservation.
        let result = tokio::spawn(self.clone().reserve().in_current_span()).await?;
        let outcome = result.as_ref().map_or_else(OrderError::outcome, |()| "accepted");
        self.orders.add(1, &[KeyValue::new("shop.order.outcome", outcome)]);
        tracing::info!(name: "shop.order.placed", { shop.order.outcome = outcome }, "order placed");
        result
    }
    // ANCHOR_END: place

    async fn reserve(self) -> Result<(), OrderError> {
        let answer = self.client.oneshot(Request::new(Method::POST, self.stock)).await?;
        match answer.status() {
            StatusCode::CONFLICT => Err(OrderError::SoldOut),
            _ => Ok(answer.error_for_status().map(drop)?),
        }
    }
}
