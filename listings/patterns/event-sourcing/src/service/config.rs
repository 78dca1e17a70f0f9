//! What the environment says: `DATABASE_URL`, `PORT`. (`OTEL_*` belongs to [`telemetry`].)

use sqlx::postgres::PgConnectOptions;

/// A variable whose value cannot be used. Says what would have been understood; a password may be in it, so not what was
/// read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is not understood: expected {expected}")]
pub struct InvalidVariable {
    variable: &'static str,
    expected: &'static str,
}

// ANCHOR: config
/// The settings of the bank.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DATABASE_URL`: the database. Default: `postgres://postgres@127.0.0.1/bank`.
    pub database: PgConnectOptions,
    /// `DATABASE_CONNECTIONS`: of this replica, at most. Up to three of them listen. Default: 16.
    pub connections: u32,
    /// `REDIS_URL`: the broker that events are published to. Default: none.
    pub broker: Option<redis::Client>,
    /// `REDIS_STREAM`: under which name. A new one after a restore: the old one has events that no longer happened. Default:
    /// `bank.events`.
    pub stream: String,
    /// `PORT`: where customers come in, on every interface. Default: 8080; 0 takes a free one.
    pub port: u16,
}

impl Config {
    /// Reads from any source; an empty value counts as unset.
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] for the first value that is not understood.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        let value = |variable, default: &str| {
            lookup(variable).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let wrong = |variable, expected| InvalidVariable { variable, expected };
        let database = "DATABASE_URL";
        let address = "an address like postgres://bank@127.0.0.1:5432/bank";
        Ok(Self {
            database: value(database, "postgres://postgres@127.0.0.1/bank")
                .parse()
                .map_err(|_| wrong(database, address))?,
            connections: (value("DATABASE_CONNECTIONS", "16").parse().ok())
                .filter(|connections| (4..=1000).contains(connections))
                .ok_or_else(|| wrong("DATABASE_CONNECTIONS", "a number from 4 to 1000"))?,
            broker: match value("REDIS_URL", "") {
                none if none.is_empty() => None,
                url => Some(
                    redis::Client::open(url).map_err(|_| wrong("REDIS_URL", "an address like redis://127.0.0.1"))?,
                ),
            },
            stream: value("REDIS_STREAM", "bank.events"),
            port: value("PORT", "8080").parse().map_err(|_| wrong("PORT", "a port from 0 to 65535"))?,
        })
    }
}
// ANCHOR_END: config

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, InvalidVariable> {
        Config::from_lookup(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_works_on_a_laptop() {
        let config = config(&[("PORT", "")]).unwrap();
        assert_eq!((config.port, config.connections, config.database.get_database()), (8080, 16, Some("bank")));
    }

    #[test]
    fn a_bad_value_names_the_variable_and_what_was_expected_and_no_secret() {
        let message = |pair| config(&[pair]).unwrap_err().to_string();
        assert_eq!(message(("PORT", "80x")), "PORT is not understood: expected a port from 0 to 65535");
        let expected = "DATABASE_CONNECTIONS is not understood: expected a number from 4 to 1000";
        assert_eq!(message(("DATABASE_CONNECTIONS", "1")), expected);
        let secret = message(("DATABASE_URL", "postgres://bank:hunter2@127.0.0.1:port/bank"));
        assert!(secret.starts_with("DATABASE_URL is not understood") && !secret.contains("hunter2"), "{secret}");
    }
}
