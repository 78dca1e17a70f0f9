//! An instrument that was made before there was a provider counts nothing, for ever.

use std::sync::LazyLock;

use metrics::peek::Peek;
use opentelemetry::global;
use opentelemetry::metrics::Counter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};

static EARLY: LazyLock<Counter<u64>> = LazyLock::new(|| global::meter("shop").u64_counter("early").build());
static LATE: LazyLock<Counter<u64>> = LazyLock::new(|| global::meter("shop").u64_counter("late").build());

fn main() {
    EARLY.add(1, &[]); // reached for the first time, and nobody has set a provider
    let peek = Peek::new(Temporality::Cumulative);
    let provider = peek.provider(SdkMeterProvider::builder());
    global::set_meter_provider(provider.clone());
    EARLY.add(1, &[]);
    LATE.add(1, &[]);
    for series in peek.collect(&provider) {
        println!("{} {}", series.name, series.number());
    }
}
