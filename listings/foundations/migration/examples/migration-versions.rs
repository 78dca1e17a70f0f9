//! Prints which versions fit together.

fn main() -> anyhow::Result<()> {
    println!("opentelemetry  released    tracing-opentelemetry  tonic  prost  reqwest  axum-tracing-opentelemetry");
    for minor in migration::versions::minors()? {
        println!(
            "{:13}  {}  {:21}  {}   {}   {}     {}",
            minor.opentelemetry,
            minor.released,
            minor.tracing_opentelemetry,
            minor.tonic,
            minor.prost,
            minor.reqwest,
            minor.axum_tracing_opentelemetry.join(", "),
        );
    }
    Ok(())
}
