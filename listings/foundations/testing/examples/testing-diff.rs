//! What a test says when the telemetry of the program has changed.
#![allow(clippy::unwrap_used)] // of the shop, which belongs to the tests

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;

use axum::http::StatusCode;
use testing::{OrderError, Orders};
use testkit::{Registry, check};

// ANCHOR: tidied
/// Somebody has tidied up: items are unsigned now, and there is the method as well.
#[tracing::instrument(
    name = "order.place",
    skip_all,
    fields(shop.order.items = items, http.method = "POST")
)]
async fn place(orders: &Orders, items: u64) -> Result<(), OrderError> {
    orders.fulfil().await
}
// ANCHOR_END: tidied

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let shop = common::Shop::open(StatusCode::CREATED).await;
    place(&shop.orders, 2).await?;
    let capture = shop.close().await;
    println!("{}", capture.tree());
    for violation in check(&capture, &Registry::read("telemetry/registry.toml")) {
        println!("{violation}");
    }
    let test = "tests/telemetry.rs::an_order_is_one_trace_across_both_services";
    if let Err(difference) = capture.compare(test, Path::new("telemetry/accepted.json")) {
        println!("\n{}", difference.replace("; ", ";\n"));
    }
    Ok(())
}
