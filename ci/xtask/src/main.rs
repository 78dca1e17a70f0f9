//! The commands a contributor learns. `cargo xtask help` lists them.

mod bench;
mod capture;
mod check;
mod doctor;
mod guards;
mod manifests;
mod outputs;
mod pairs;
mod parts;
mod process;
mod root;
mod serve;
mod stamps;
mod steps;
mod test;
mod versus;

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
        #[arg(long, short, default_value_t = 3000)]
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
    },
    /// Measure a listing's peers outside Rust, and write results/<peer>.json
    Versus {
        /// The listing: patterns/circuit-breaker
        listing: String,
    },
    /// Write the telemetry captures of a listing anew from its tests
    Capture {
        /// The listing: patterns/circuit-breaker
        listing: String,
    },
    /// Write the captured outputs of all listings anew, or check them
    Outputs {
        /// Compare only
        #[arg(long)]
        check: bool,
    },
    /// Which pages have been confirmed to say the same in both languages
    Pairs {
        #[command(subcommand)]
        command: pairs::Command,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve { open, port } => serve::serve(open, port),
        Command::Build => serve::build(),
        Command::Test { all } => test::run(all),
        Command::Check => check::run(),
        Command::Doctor => doctor::run(),
        Command::Bench { listing } => bench::run(&listing),
        Command::Versus { listing } => versus::run(&listing),
        Command::Capture { listing } => capture::run(&listing),
        Command::Outputs { check } => outputs::run(check),
        Command::Pairs { command } => pairs::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
