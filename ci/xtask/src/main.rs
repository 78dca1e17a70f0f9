//! The commands a contributor learns. `cargo xtask help` lists them.

mod alerts;
mod bench;
mod capture;
mod check;
mod doctor;
mod gate;
mod guards;
mod literals;
mod manifests;
mod outputs;
mod pairs;
mod parts;
mod process;
mod queries;
mod readme;
mod receive;
mod root;
mod serve;
mod stamps;
mod steps;
mod test;
mod typography;
mod versus;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Serve, test, check and measure the book")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve both editions and rebuild on every change
    Serve {
        /// Open the browser
        #[arg(long)]
        open: bool,
        /// The port to listen on
        #[arg(long, short, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
    },
    /// Build both editions into book/html
    Build,
    /// Bring what is missing, then check and test everything
    Test {
        /// Also test the listings that have not changed since they passed on this machine
        #[arg(long)]
        all: bool,
    },
    /// Everything that needs no test run: format, lints, parity, figures, guards, manifests, links
    Check,
    /// What is there, in which version, what for, and how to get what is not
    Doctor,
    /// Measure a listing and its Rust peers, and write results/*.json
    Bench {
        /// The listing: patterns/circuit-breaker
        listing: String,
        /// A first look: less exact, prints and writes nothing
        #[arg(long)]
        quick: bool,
        /// This one of its results, and no other: append
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Measure a listing's peers outside Rust, and write results/<peer>.json
    Versus {
        /// The listing: patterns/circuit-breaker
        listing: String,
    },
    /// Write the telemetry captures of a listing, or of all, anew from its tests
    Capture {
        /// The listing: patterns/circuit-breaker
        listing: Option<String>,
    },
    /// Write the captured outputs of all listings anew, or check them
    Outputs {
        /// Compare only
        #[arg(long)]
        check: bool,
    },
    /// Write anew what a database says of the queries of all listings, or check it
    Queries {
        /// Compare only
        #[arg(long)]
        check: bool,
    },
    /// Receive OTLP on this machine and print it; `-- COMMAND` runs a program that sends here
    #[command(disable_help_flag = true)]
    Receive {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Which pages have been confirmed to say the same in both languages
    Pairs {
        #[command(subcommand)]
        command: pairs::Command,
    },
    /// Called by cargo, see src/gate.rs
    #[command(hide = true)]
    Gate {
        program: OsString,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    run(Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { open, port } => serve::serve(open, port)?,
        Command::Build => serve::build()?,
        Command::Test { all } => test::run(all)?,
        Command::Check => check::run()?,
        Command::Doctor => doctor::run(),
        Command::Bench { listing, quick, only } => bench::run(&listing, quick, only.as_deref())?,
        Command::Versus { listing } => versus::run(&listing)?,
        Command::Capture { listing } => capture::run(listing.as_deref())?,
        Command::Outputs { check } => outputs::run(check, &BTreeSet::new())?,
        Command::Queries { check } => queries::run(check)?,
        Command::Receive { arguments } => return receive::run(&arguments),
        Command::Pairs { command } => pairs::run(command)?,
        Command::Gate { program, arguments } => return gate::run(&program, &arguments),
    }
    Ok(ExitCode::SUCCESS)
}
