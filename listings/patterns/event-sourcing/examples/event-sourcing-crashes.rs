//! The crash matrix: two hundred commands each, sent until they are acknowledged, while something breaks.
#![allow(clippy::unwrap_used)] // of what belongs to the tests

#[path = "../tests/common/child.rs"]
mod child;
#[path = "../tests/common/crash.rs"]
mod crash;
#[path = "../tests/common/load.rs"]
mod load;

use crash::{Outcome, Report, connection_cut, database_killed, service_killed};
use testkit::Postgres;

#[tokio::main]
async fn main() {
    let postgres = Postgres::start(&[("fsync", "on")]);
    let server = postgres.url("postgres");
    println!("{:32} {:>12} {:>8} {:>7} {:>4} {:>5}", "fault", "acknowledged", "recorded", "applied", "lost", "twice");
    line("kill -9 of the service, twice", &service_killed(&server).await);
    line("kill -9 of PostgreSQL", &database_killed(&postgres).await);
    line("connections cut, ten times", &connection_cut(&server).await);
}

fn line(fault: &str, report: &Report) {
    let Outcome { acknowledged, recorded, applied, lost, twice } = report.outcome;
    println!("{fault:32} {acknowledged:>12} {recorded:>8} {applied:>7} {lost:>4} {twice:>5}");
    assert_eq!(report.balances, report.due, "what is on each account, and what should be");
}
