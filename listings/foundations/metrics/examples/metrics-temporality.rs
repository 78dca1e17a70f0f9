//! The same five minutes of a shop, under three temporalities: what each collection sends.

use metrics::peek::{Peek, Series};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, MeterProvider, UpDownCounter};
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};

// ANCHOR: minutes
/// What happens in each minute: orders by card, orders by invoice, carts that come or go. After the fourth, the process
/// starts again.
const MINUTES: [(u64, u64, i64); 6] = [(3, 1, 2), (2, 0, -1), (0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 0, 0)];
const RESTART_BEFORE: usize = 4;
// ANCHOR_END: minutes

const ROWS: [(&str, &str, &str); 4] = [
    ("orders by card", "orders", "payment=card"),
    ("orders by invoice", "orders", "payment=invoice"),
    ("carts, up-down", "carts", ""),
    ("bytes, observed", "bytes", ""),
];

/// One process.
struct Shop {
    peek: Peek,
    provider: SdkMeterProvider,
    orders: Counter<u64>,
    carts: UpDownCounter<i64>,
}

impl Shop {
    fn start(temporality: Temporality) -> Self {
        let peek = Peek::new(temporality);
        let provider = peek.provider(SdkMeterProvider::builder());
        let meter = provider.meter("shop");
        // Somebody else's total: 100 bytes more at each collection.
        let total = std::sync::atomic::AtomicU64::new(0);
        let bytes = meter.u64_observable_counter("bytes").with_unit("By");
        bytes
            .with_callback(move |observer| {
                observer.observe(100 + total.fetch_add(100, std::sync::atomic::Ordering::Relaxed), &[]);
            })
            .build();
        let (orders, carts) = (meter.u64_counter("orders").build(), meter.i64_up_down_counter("carts").build());
        Self { peek, provider, orders, carts }
    }

    fn minute(&self, (card, invoice, carts): (u64, u64, i64)) -> Vec<Series> {
        for (payment, count) in [("card", card), ("invoice", invoice)] {
            if count > 0 {
                self.orders.add(count, &[KeyValue::new("payment", payment)]);
            }
        }
        if carts != 0 {
            self.carts.add(carts, &[]);
        }
        self.peek.collect(&self.provider)
    }
}

fn main() {
    for (name, temporality) in
        [("cumulative", Temporality::Cumulative), ("delta", Temporality::Delta), ("lowmemory", Temporality::LowMemory)]
    {
        let mut shop = Shop::start(temporality);
        let mut collections = Vec::new();
        for (number, minute) in MINUTES.into_iter().enumerate() {
            if number == RESTART_BEFORE {
                shop = Shop::start(temporality);
            }
            collections.push(shop.minute(minute));
        }
        println!("{name:19}      1     2     3     4  | restart, 5     6");
        for (label, metric, attributes) in ROWS {
            let cells = collections.iter().enumerate().map(|(number, series)| {
                let found = series.iter().find(|it| it.name == metric && it.attributes == attributes);
                let value = found.map_or_else(|| "–".to_owned(), |it| it.number().to_string());
                let gap = if number == RESTART_BEFORE { "  |        " } else { "" };
                format!("{gap}{value:>6}")
            });
            println!("{label:19} {}", cells.collect::<String>());
        }
        println!();
    }
}
