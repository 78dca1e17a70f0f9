//! Each statement as a span and a duration, as the conventions for databases have it.

use std::error::Error;
use std::future::Future;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::{attribute, metric};
use sqlx::postgres::PgConnectOptions;
use tracing::{Instrument, field};

use crate::pool::{SILENCE, within};

/// A statement of this crate: what it does, to which table, and its file in `queries`.
#[derive(Debug)]
pub struct Operation {
    /// `INSERT`.
    pub name: &'static str,
    /// The table.
    pub collection: &'static str,
    /// Both: the name of the span.
    pub summary: &'static str,
    /// The file.
    pub text: &'static str,
}

impl Operation {
    /// The statement without what is said about it, and with `$1` in place of values.
    fn statement(&self) -> &'static str {
        let mut text = self.text;
        while let Some((_, rest)) = text.split_once('\n').filter(|(line, _)| line.starts_with("--")) {
            text = rest;
        }
        text.trim_end()
    }
}

/// An [`Operation`] by its name, its table and its file.
macro_rules! operation {
    ($name:literal, $collection:literal, $file:literal) => {
        $crate::db::Operation {
            name: $name,
            collection: $collection,
            summary: concat!($name, " ", $collection),
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/", $file, ".sql")),
        }
    };
}
pub(crate) use operation;

/// What all statements to one database have in common.
#[derive(Debug, Clone)]
pub struct Db {
    duration: Histogram<f64>,
    namespace: String,
    address: String,
    port: u16,
    pub(crate) patience: Duration,
}

impl Db {
    pub(crate) fn new(meter: &Meter, options: &PgConnectOptions) -> Self {
        let duration = meter
            .f64_histogram(metric::DB_CLIENT_OPERATION_DURATION)
            .with_unit("s")
            .with_description("Duration of database client operations.")
            .with_boundaries(vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0])
            .build();
        Self {
            duration,
            namespace: options.get_database().unwrap_or_default().to_owned(),
            address: options.get_host().to_owned(),
            port: options.get_port(),
            patience: SILENCE,
        }
    }

    // ANCHOR: call
    /// Runs `statement` inside a `CLIENT` span. `batch` is the number of rows that it writes.
    ///
    /// # Errors
    ///
    /// Those of the statement.
    pub async fn call<T, E: Error + From<sqlx::Error> + 'static>(
        &self,
        operation: &'static Operation,
        batch: usize,
        statement: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let span = tracing::info_span!(
            "db.client",
            otel.name = operation.summary,
            otel.kind = "client",
            otel.status_code = field::Empty,
            db.system.name = "postgresql",
            db.namespace = self.namespace,
            db.collection.name = operation.collection,
            db.operation.name = operation.name,
            db.operation.batch.size = (batch > 1).then_some(batch as i64),
            db.query.summary = operation.summary,
            db.query.text = operation.statement(),
            db.response.status_code = field::Empty,
            error.type = field::Empty,
            server.address = self.address,
            server.port = i64::from(self.port),
        );
        let result = self.measure(operation, statement.instrument(span.clone())).await;
        if let Err(error) = &result {
            let (state, kind) = explain(error);
            span.record("otel.status_code", "ERROR").record("error.type", &kind);
            if let Some(state) = state {
                span.record("db.response.status_code", &state);
            }
        }
        result
    }
    // ANCHOR_END: call

    /// Runs `statement` without a span. For questions that are asked again and again while nothing happens.
    ///
    /// # Errors
    ///
    /// Those of the statement.
    pub async fn measure<T, E: Error + From<sqlx::Error> + 'static>(
        &self,
        operation: &'static Operation,
        statement: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        let result = self.answer(statement).await;
        let duration = began.elapsed().as_secs_f64();
        let mut attributes = vec![
            KeyValue::new(attribute::DB_SYSTEM_NAME, "postgresql"),
            KeyValue::new(attribute::DB_NAMESPACE, self.namespace.clone()),
            KeyValue::new(attribute::DB_COLLECTION_NAME, operation.collection),
            KeyValue::new(attribute::DB_OPERATION_NAME, operation.name),
            KeyValue::new(attribute::SERVER_ADDRESS, self.address.clone()),
            KeyValue::new(attribute::SERVER_PORT, i64::from(self.port)),
        ];
        if let Err(error) = &result {
            let (state, kind) = explain(error);
            if let Some(state) = state {
                attributes.push(KeyValue::new(attribute::DB_RESPONSE_STATUS_CODE, state));
            }
            attributes.push(KeyValue::new(attribute::ERROR_TYPE, kind));
        }
        self.duration.record(duration, &attributes);
        result
    }

    /// Waits for an answer, and not without end: to a statement that is none of an [`Operation`], as the end of a transaction.
    ///
    /// # Errors
    ///
    /// Those of the statement, or that nobody answers.
    pub async fn answer<T, E: From<sqlx::Error>>(&self, statement: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        within(self.patience, statement).await
    }
}

/// The SQLSTATE when the server answered, and the error's type: a closed set, because it is a metric attribute.
fn explain(error: &(dyn Error + 'static)) -> (Option<String>, String) {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::Database(answer)) => {
                let state = answer.code().map(std::borrow::Cow::into_owned);
                let kind = state.clone().unwrap_or_else(|| "_OTHER".into());
                return (state, kind);
            }
            Some(sqlx::Error::PoolTimedOut) => return (None, "timeout".into()),
            Some(sqlx::Error::Io(error)) if error.kind() == ErrorKind::TimedOut => return (None, "timeout".into()),
            Some(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => return (None, "connection".into()),
            Some(_) => return (None, "_OTHER".into()),
            None => cause = error.source(),
        }
    }
    (None, "_OTHER".into())
}
