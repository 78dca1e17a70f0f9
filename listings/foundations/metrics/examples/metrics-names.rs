//! One name, two spellings: as OTLP sends it, and as Prometheus scrapes it.

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::Registry;

/// Makes an instrument and records one value.
type Record = fn(&Meter, &'static str, &'static str);

const COUNTER: (&str, Record) = ("counter", |meter, name, unit| {
    meter.u64_counter(name).with_unit(unit).build().add(1, &[]);
});
const UP_DOWN: (&str, Record) = ("up-down counter", |meter, name, unit| {
    meter.i64_up_down_counter(name).with_unit(unit).build().add(1, &[]);
});
const GAUGE: (&str, Record) = ("gauge", |meter, name, unit| {
    meter.f64_gauge(name).with_unit(unit).build().record(1.0, &[]);
});
const HISTOGRAM: (&str, Record) = ("histogram", |meter, name, unit| {
    meter.f64_histogram(name).with_unit(unit).build().record(1.0, &[]);
});

const INSTRUMENTS: [(&str, &str, (&str, Record)); 9] = [
    ("http.server.request.duration", "s", HISTOGRAM),
    ("shop.orders", "{order}", COUNTER),
    ("shop.checkouts.active", "{checkout}", UP_DOWN),
    ("shop.warehouse.read", "By", COUNTER),
    ("system.cpu.utilization", "1", GAUGE),
    ("shop.discount", "%", GAUGE),
    ("shop.warehouse.speed", "By/s", GAUGE),
    ("latency_ms", "ms", HISTOGRAM),
    ("orders_total", "", COUNTER),
];

fn main() -> anyhow::Result<()> {
    println!("{:30} {:12} {:16} Prometheus", "OpenTelemetry", "unit", "instrument");
    for (name, unit, (kind, record)) in INSTRUMENTS {
        let registry = Registry::new();
        let reader =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).without_target_info().build()?;
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        record(&provider.meter("names"), name, unit);
        let scraped: Vec<_> = registry.gather().iter().map(|family| family.name().to_owned()).collect();
        println!("{name:30} {unit:12} {kind:16} {}", scraped.join(" "));
    }
    Ok(())
}
