//! The bounds of the batch processors, as they are in effect here: defaults, unless `OTEL_BSP_*` and `OTEL_BLRP_*` say
//! something else.

fn main() {
    println!("traces: {:#?}", opentelemetry_sdk::trace::BatchConfig::default());
    println!("logs: {:#?}", opentelemetry_sdk::logs::BatchConfig::default());
}
