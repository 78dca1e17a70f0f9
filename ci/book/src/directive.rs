//! `{{#name argument}}`, alone on a line: what a program puts there.

use std::str::FromStr;

/// What a directive shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectiveKind {
    /// A region of a file, or the whole file.
    Listing,
    /// A command and what it printed.
    Output,
    /// A trace waterfall.
    Trace,
    /// The spans of a capture.
    Spans,
    /// The metrics of a capture.
    Metrics,
    /// The log records of a capture.
    Logs,
    /// A measured result.
    Bench,
    /// The direct dependencies of a crate.
    Dependencies,
    /// The download of the chapter's listing.
    Archive,
}

use DirectiveKind::{Archive, Bench, Dependencies, Listing, Logs, Metrics, Output, Spans, Trace};

impl DirectiveKind {
    /// All of them.
    pub const ALL: [Self; 9] = [Listing, Output, Trace, Spans, Metrics, Logs, Bench, Dependencies, Archive];

    /// Its name on a page.
    pub fn name(self) -> &'static str {
        match self {
            Listing => "listing",
            Output => "output",
            Trace => "trace",
            Spans => "spans",
            Metrics => "metrics",
            Logs => "logs",
            Bench => "bench",
            Dependencies => "dependencies",
            Archive => "archive",
        }
    }

    /// Whether it takes an argument: must, may or must not.
    fn argument(self) -> Argument {
        match self {
            Listing => Argument::Needed("a file, or `file:region`"),
            Output => Argument::Needed("the name of a file in `outputs/`"),
            Trace | Spans | Metrics | Logs => Argument::Needed("the name of a capture in `telemetry/`"),
            Bench => Argument::Needed("the name of a result in `results/`"),
            Dependencies => Argument::Optional,
            Archive => Argument::None,
        }
    }
}

enum Argument {
    Needed(&'static str),
    Optional,
    None,
}

/// A directive of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// What it shows.
    pub kind: DirectiveKind,
    /// Which one: a path, a region, a name.
    pub argument: Option<String>,
}

impl Directive {
    /// What it names, or the empty string.
    pub fn argument(&self) -> &str {
        self.argument.as_deref().unwrap_or_default()
    }
}

/// Parses one line. The error says what to write.
impl FromStr for Directive {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let inner = (line.trim_end().strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}")))
            .ok_or("a directive stands alone on its line: `{{#name argument}}`")?;
        let mut words = inner.split_whitespace();
        let name = words.next().unwrap_or_default();
        let kind = DirectiveKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known: Vec<&str> = DirectiveKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("there is no directive `{name}`; there are {}", known.join(", "))
        })?;
        let argument = words.next().map(str::to_owned);
        if let Some(more) = words.next() {
            return Err(format!("`{{{{#{name}}}}}` takes one argument; `{more}` is too much"));
        }
        match (kind.argument(), &argument) {
            (Argument::Needed(what), None) => Err(format!("`{{{{#{name}}}}}` needs {what}")),
            (Argument::None, Some(_)) => Err(format!("`{{{{#{name}}}}}` takes no argument")),
            _ => Ok(Self { kind, argument }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let listing: Directive = "{{#listing src/window.rs:ring}}".parse().unwrap();
        assert_eq!((listing.kind, listing.argument()), (Listing, "src/window.rs:ring"));
        assert_eq!("{{#dependencies}}".parse::<Directive>().unwrap().argument, None);
        assert_eq!("{{#dependencies /telemetry}} ".parse::<Directive>().unwrap().argument(), "/telemetry");
        assert_eq!("{{#archive}}".parse::<Directive>().unwrap().kind, Archive);
    }

    #[test]
    fn errors_say_what_to_write() {
        let error = |line: &str| line.parse::<Directive>().unwrap_err();
        assert!(error("{{#include src/lib.rs}}").starts_with("there is no directive `include`; there are listing, "));
        assert!(error("{{#trace}}").contains("needs the name of a capture"));
        assert!(error("{{#bench call jvm}}").contains("`jvm` is too much"));
        assert!(error("{{#archive now}}").contains("no argument"));
        assert!(error("{{#trace trip}} and more").contains("alone on its line"));
    }
}
