//! A breaker in twenty lines: `cargo run -p circuit-breaker --example circuit-breaker`.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, Error, SlidingWindow, Wait};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config {
        sliding_window: SlidingWindow::Count(4),
        minimum_number_of_calls: 4,
        wait_in_open_state: Wait::fixed(Duration::from_secs(30)),
        ..Config::default()
    };
    let payments = CircuitBreaker::new("payments", config)?;
    for call in 1..=6 {
        match payments.call(async { Err::<(), _>("connection refused") }).await {
            Ok(()) => println!("{call}: paid"),
            Err(Error::Inner(error)) => println!("{call}: tried, {error}"),
            Err(Error::Rejected(rejected)) => println!("{call}: not tried, {rejected}"),
        }
    }
    Ok(())
}
