//! What the environment says: `PORT`, `ADMIN_PORT`, `UPSTREAM_URL`. (`OTEL_*` belongs to [`telemetry`].)

use reqwest::Url;

/// A variable whose value cannot be used. Says what was read and what would have been understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}={value:?} is not understood: expected {expected}")]
pub struct InvalidVariable {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

// ANCHOR: config
/// The settings of the checkout service. Every one has a default that works on a laptop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `PORT`: where customers come in, on every interface. Default: 8080.
    pub port: u16,
    /// `ADMIN_PORT`: where operators come in, on the loopback interface only. Default: 9090.
    pub admin_port: u16,
    /// `UPSTREAM_URL`: the payment service. Default: `http://127.0.0.1:8081`.
    pub upstream: Url,
}

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] for the first value that is not understood. A program that guesses starts on the wrong port.
    pub fn from_env() -> Result<Self, InvalidVariable> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source; an empty value counts as unset.
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] for the first value that is not understood.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        Ok(Self {
            port: port(&lookup, "PORT", 8080)?,
            admin_port: port(&lookup, "ADMIN_PORT", 9090)?,
            upstream: upstream(&lookup)?,
        })
    }
}
// ANCHOR_END: config

/// `0` takes a free port, which the log then names.
pub(super) fn port(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    default: u16,
) -> Result<u16, InvalidVariable> {
    let Some(value) = lookup(variable).filter(|value| !value.is_empty()) else { return Ok(default) };
    value.parse().map_err(|_| InvalidVariable { variable, value, expected: "a port from 0 to 65535" })
}

fn upstream(lookup: impl Fn(&str) -> Option<String>) -> Result<Url, InvalidVariable> {
    let value =
        lookup("UPSTREAM_URL").filter(|value| !value.is_empty()).unwrap_or_else(|| "http://127.0.0.1:8081".into());
    match value.parse::<Url>() {
        Ok(url) if url.scheme() == "http" && url.has_host() && url.username().is_empty() => Ok(url),
        _ => Err(InvalidVariable { variable: "UPSTREAM_URL", value, expected: "an address like http://payments:8081" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, InvalidVariable> {
        Config::from_lookup(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_works_on_a_laptop() {
        let config = config(&[("PORT", "")]).unwrap();
        assert_eq!((config.port, config.admin_port, config.upstream.as_str()), (8080, 9090, "http://127.0.0.1:8081/"));
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_what_was_expected() {
        let cases = [
            ("PORT", "80x80", "PORT=\"80x80\" is not understood: expected a port from 0 to 65535"),
            ("ADMIN_PORT", "70000", "ADMIN_PORT=\"70000\" is not understood: expected a port from 0 to 65535"),
            (
                "UPSTREAM_URL",
                "payments:8081",
                "UPSTREAM_URL=\"payments:8081\" is not understood: expected an address like http://payments:8081",
            ),
        ];
        for (variable, value, message) in cases {
            assert_eq!(config(&[(variable, value)]).unwrap_err().to_string(), message);
        }
    }
}
