//! The load that the measurement applies, for a moment only.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cost::Rate;
use cost::load::{Cost, Load, SETUPS, Setup, run};

async fn cost(setup: &Setup) -> Cost {
    let mut service = testkit::example("cost-request");
    service.arg("service");
    let load = Load {
        rate: Rate::per_second(200.0),
        warm_up: Duration::from_millis(100),
        measured: Duration::from_millis(1_500),
    };
    run(service, setup, load).await.unwrap()
}

#[tokio::test]
async fn a_service_without_telemetry_exports_nothing_and_is_measured() {
    let cost = cost(&SETUPS[0]).await;
    assert_eq!(cost.exported, 0);
    assert!(cost.cpu > Duration::ZERO && cost.median <= cost.p99 && cost.resident_kib > 0, "{cost:?}");
}

#[tokio::test]
async fn the_last_setup_exports() {
    let cost = cost(&SETUPS[SETUPS.len() - 1]).await;
    assert!(cost.exported > 0, "{cost:?}");
}
