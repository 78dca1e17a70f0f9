//! What a shop measures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter};

/// How an order is paid: a closed set, so that it may be an attribute of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payment {
    /// By card.
    Card,
    /// By invoice.
    Invoice,
}

impl Payment {
    /// As the attribute spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Invoice => "invoice",
        }
    }
}

// ANCHOR: instruments
/// The boundaries that the semantic conventions advise for durations of requests, in seconds.
pub const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The instruments of the shop. Made once, when it starts, and kept; a clone is the same instruments.
#[derive(Debug, Clone)]
pub struct Shop {
    orders: Counter<u64>,
    checkouts: UpDownCounter<i64>,
    duration: Histogram<f64>,
    discount: Gauge<f64>,
}

impl Shop {
    /// Makes the instruments with `meter`.
    pub fn new(meter: &Meter) -> Self {
        let orders = meter.u64_counter("shop.orders").with_unit("{order}");
        let checkouts = meter.i64_up_down_counter("shop.checkouts.active").with_unit("{checkout}");
        let duration = meter.f64_histogram("shop.checkout.duration").with_unit("s");
        let discount = meter.f64_gauge("shop.discount").with_unit("%");
        Self {
            orders: orders.with_description("Orders that were placed.").build(),
            checkouts: checkouts.with_description("Checkouts that are going on.").build(),
            duration: duration
                .with_description("Duration of checkouts, however they end.")
                .with_boundaries(SECONDS.to_vec()) // the default ones are made for milliseconds
                .build(),
            discount: discount.with_description("The discount of the day.").build(),
        }
    }
}
// ANCHOR_END: instruments

// ANCHOR: checkout
impl Shop {
    /// The discount of the day, in percent: a gauge is what somebody sets.
    pub fn set_discount(&self, percent: f64) {
        self.discount.record(percent, &[]);
    }

    /// Begins a checkout. It ends when the returned value is dropped.
    pub fn checkout(&self) -> Checkout<'_> {
        self.checkouts.add(1, &[]);
        Checkout { shop: self, began: Instant::now() }
    }
}

/// A checkout that is going on.
#[derive(Debug)]
pub struct Checkout<'a> {
    shop: &'a Shop,
    began: Instant,
}

impl Checkout<'_> {
    /// The order is placed.
    pub fn placed(self, payment: Payment) {
        self.shop.orders.add(1, &[KeyValue::new("shop.payment", payment.as_str())]);
    }
}

/// What went up comes down again: after an error, a panic, a client that went away.
impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        self.shop.checkouts.add(-1, &[]);
        self.shop.duration.record(self.began.elapsed().as_secs_f64(), &[]);
    }
}
// ANCHOR_END: checkout

/// What the warehouse counts for its own purposes.
#[derive(Debug, Default)]
pub struct Warehouse {
    /// Bytes read from disk since the start.
    pub read: AtomicU64,
    /// Items in stock.
    pub stock: AtomicU64,
    /// Seconds that the oldest order has been waiting.
    pub oldest: AtomicU64,
}

// ANCHOR: observe
/// Reads three numbers of the warehouse at each collection.
///
/// A callback cannot be unregistered: it lives as long as the provider. So it holds the warehouse weakly, and reports
/// nothing when that is gone. It runs on the thread that collects, and everything waits for it: it only reads.
pub fn observe(meter: &Meter, warehouse: &Arc<Warehouse>) {
    let read = look(warehouse, |it| it.read.load(Ordering::Relaxed));
    let stock = look(warehouse, |it| it.stock.load(Ordering::Relaxed) as i64);
    let oldest = look(warehouse, |it| it.oldest.load(Ordering::Relaxed));
    let counter = meter.u64_observable_counter("shop.warehouse.read").with_unit("By");
    counter.with_callback(move |observer| read().into_iter().for_each(|bytes| observer.observe(bytes, &[]))).build();
    let up_down = meter.i64_observable_up_down_counter("shop.stock").with_unit("{item}");
    up_down.with_callback(move |observer| stock().into_iter().for_each(|items| observer.observe(items, &[]))).build();
    let gauge = meter.u64_observable_gauge("shop.backlog.age").with_unit("s");
    gauge.with_callback(move |observer| oldest().into_iter().for_each(|age| observer.observe(age, &[]))).build();
}

fn look<T>(warehouse: &Arc<Warehouse>, read: fn(&Warehouse) -> T) -> impl Fn() -> Option<T> + use<T> {
    let warehouse: Weak<Warehouse> = Arc::downgrade(warehouse);
    move || warehouse.upgrade().map(|warehouse| read(&warehouse))
}
// ANCHOR_END: observe
