//! Which instrument does what, and what goes wrong when one is made.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use common::{Heard, cumulative, value};
use metrics::instruments::{Payment, Shop, Warehouse, observe};
use metrics::peek::Peek;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use telemetry::scope;
use testkit::{Receiver, Registry, assert_capture, check, example};

#[tokio::test]
async fn everything_the_shop_measures_arrives() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    let meter = telemetry.meter(scope("shop", "1.0.0"));
    let (shop, warehouse) = (Shop::new(&meter), Arc::new(Warehouse::default()));
    observe(&meter, &warehouse);
    shop.set_discount(10.0);
    shop.checkout().placed(Payment::Card);
    shop.checkout().placed(Payment::Card);
    shop.checkout().placed(Payment::Invoice);
    drop(shop.checkout()); // the client went away
    warehouse.read.store(4096, Relaxed);
    warehouse.stock.store(12, Relaxed);
    warehouse.oldest.store(90, Relaxed);
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(check(&capture, &Registry::read("telemetry/registry.toml")), []);
    assert_capture!(capture, "telemetry/shop.json");
}

#[test]
fn a_counter_counts_what_happened() {
    let (peek, provider) = cumulative();
    let shop = Shop::new(&provider.meter("shop"));
    shop.checkout().placed(Payment::Card);
    shop.checkout().placed(Payment::Card);
    assert_eq!(value(&peek.collect(&provider), "shop.orders", "shop.payment=card"), Some(2.0));
}

#[test]
fn an_up_down_counter_comes_down_whatever_happens() {
    let (peek, provider) = cumulative();
    let shop = Shop::new(&provider.meter("shop"));
    let open = shop.checkout();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _checkout = shop.checkout();
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    assert_eq!(value(&peek.collect(&provider), "shop.checkouts.active", ""), Some(1.0));
    drop(open);
    assert_eq!(value(&peek.collect(&provider), "shop.checkouts.active", ""), Some(0.0));
}

#[test]
fn a_gauge_is_the_last_value_and_no_sum() {
    let (peek, provider) = cumulative();
    let shop = Shop::new(&provider.meter("shop"));
    shop.set_discount(10.0);
    shop.set_discount(5.0);
    assert_eq!(value(&peek.collect(&provider), "shop.discount", ""), Some(5.0));
}

#[test]
fn a_histogram_counts_every_checkout() {
    let (peek, provider) = cumulative();
    let shop = Shop::new(&provider.meter("shop"));
    shop.checkout().placed(Payment::Card);
    drop(shop.checkout());
    assert_eq!(value(&peek.collect(&provider), "shop.checkout.duration", ""), Some(2.0));
}

#[test]
fn observed_instruments_are_read_when_somebody_collects() {
    let (peek, provider) = cumulative();
    let warehouse = Arc::new(Warehouse::default());
    observe(&provider.meter("shop"), &warehouse);
    for (read, stock, oldest) in [(4096, 12, 90), (8192, 7, 30)] {
        warehouse.read.store(read, Relaxed);
        warehouse.stock.store(stock, Relaxed);
        warehouse.oldest.store(oldest, Relaxed);
        let series = peek.collect(&provider);
        let values = ["shop.warehouse.read", "shop.stock", "shop.backlog.age"].map(|name| value(&series, name, ""));
        assert_eq!(values, [read, stock, oldest].map(|value| Some(value as f64)));
    }
}

#[test]
fn making_an_instrument_again_gives_the_same_series() {
    let (peek, provider) = cumulative();
    for _ in 0..3 {
        provider.meter("shop").u64_counter("orders").build().add(1, &[]);
    }
    assert_eq!(value(&peek.collect(&provider), "orders", ""), Some(3.0));
}

#[test]
fn symptom_an_instrument_made_before_the_provider_counts_nothing() {
    let output = example("metrics-too-early").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "late 1\n");
}

#[test]
fn symptom_a_name_that_is_not_allowed_counts_nothing() {
    let (peek, provider) = cumulative();
    let heard = Heard::while_running(|| {
        for name in ["2xx", "order placed", "größe", ""] {
            provider.meter("shop").u64_counter(name).build().add(1, &[]);
        }
    });
    assert_eq!(peek.collect(&provider), []);
    assert_eq!(heard.matches("ERROR").count(), 4, "{heard}");
}

#[test]
fn symptom_one_name_with_two_units_is_two_metrics_and_no_warning() {
    let (peek, provider) = cumulative();
    let heard = Heard::while_running(|| {
        for unit in ["s", "ms"] {
            provider.meter("shop").f64_histogram("wait").with_unit(unit).build().record(1.0, &[]);
        }
    });
    let units: Vec<_> = peek.collect(&provider).into_iter().map(|series| (series.name, series.unit)).collect();
    assert_eq!(units, [("wait".into(), "ms".into()), ("wait".into(), "s".into())]);
    assert!(heard.contains("Metrics.InstrumentCreated"), "it listens, down to DEBUG: {heard}");
    assert!(!heard.contains("Duplicate"), "{heard}");
}

#[test]
fn symptom_one_name_with_two_kinds_is_two_metrics_and_no_warning() {
    let (peek, provider) = cumulative();
    let heard = Heard::while_running(|| {
        provider.meter("shop").u64_counter("orders").build().add(2, &[]);
        provider.meter("shop").u64_gauge("orders").build().record(7, &[]);
    });
    let mut numbers: Vec<_> = peek.collect(&provider).iter().map(|series| series.number()).collect();
    numbers.sort_by(f64::total_cmp);
    assert_eq!(numbers, [2.0, 7.0]);
    assert!(!heard.contains("Duplicate"), "{heard}");
}

#[test]
fn not_a_number_and_infinity_are_dropped() {
    let (peek, provider) = cumulative();
    let histogram = provider.meter("shop").f64_histogram("wait").build();
    for seconds in [1.0, f64::NAN, f64::INFINITY, 2.0] {
        histogram.record(seconds, &[]);
    }
    assert_eq!(value(&peek.collect(&provider), "wait", ""), Some(2.0));
}

#[test]
fn lost_the_last_interval_unless_somebody_flushes() {
    let peek = Peek::new(Temporality::Cumulative);
    let provider = peek.provider(SdkMeterProvider::builder()); // exports once an hour
    provider.meter("shop").u64_counter("orders").build().add(1, &[]);
    assert!(peek.collections().is_empty(), "the process could end here, and nobody would know of the order");
    provider.shutdown().unwrap();
    assert_eq!(value(&peek.collections()[0], "orders", ""), Some(1.0));
}
