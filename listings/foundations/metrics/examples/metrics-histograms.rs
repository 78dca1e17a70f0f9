//! What a histogram still knows of a latency: quantiles from the buckets, beside the exact ones.

use metrics::instruments::SECONDS;
use metrics::peek::{Bucket, Peek, Value};
use metrics::views::{EXPONENTIAL, view};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Stream, Temporality};

const VALUES: usize = 100_000;
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

fn main() -> anyhow::Result<()> {
    let mut latencies = latencies();
    let base = |name, spoiled| -> anyhow::Result<Vec<Bucket>> { recorded(&latencies, name, spoiled) };
    let histograms = [
        ("default boundaries", base("default", false)?),
        ("advised for HTTP", base("advised", false)?),
        ("exponential", base("exponential", false)?),
        ("  after one of 1 ns", base("exponential", true)?),
    ];
    latencies.sort_by(f64::total_cmp);
    let exact = QUANTILES.map(|(_, quantile)| latencies[(quantile * VALUES as f64) as usize]);

    println!("{VALUES} latencies; quantiles in milliseconds, how far off they are, and the bucket that p99 lies in\n");
    println!("{:19} buckets{}   p99 is in", "", QUANTILES.map(|(name, _)| format!("{name:>16}")).concat());
    println!(
        "{:19}       –{}",
        "exact",
        exact.map(|exact| format!("{:>8.1}        ", exact * 1e3)).concat().trim_end()
    );
    for (name, buckets) in &histograms {
        let cells: [String; 4] = std::array::from_fn(|at| {
            let (_, estimate) = quantile(buckets, QUANTILES[at].1);
            format!("{:>8.1} {:>+6.1}%", estimate * 1e3, (estimate / exact[at] - 1.0) * 100.0)
        });
        let (bucket, _) = quantile(buckets, 0.99);
        let bucket = format!("{:.0}–{:.0}", bucket.lower * 1e3, bucket.upper * 1e3);
        println!("{name:19} {:>7}{}   {bucket:>9}", buckets.len(), cells.concat());
    }
    Ok(())
}

// ANCHOR: latencies
/// Log-normal, as latencies often are: half of them below 80 ms, a long tail, and the same in every run.
fn latencies() -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut normal = || (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos();
    (0..VALUES).map(|_| 0.080 * (0.7 * normal()).exp()).collect()
}
// ANCHOR_END: latencies

/// The buckets of one histogram of all values.
fn recorded(latencies: &[f64], name: &'static str, spoiled: bool) -> anyhow::Result<Vec<Bucket>> {
    let peek = Peek::new(Temporality::Cumulative);
    let exponential = view("exponential", || Stream::builder().with_aggregation(EXPONENTIAL));
    let exponential = exponential.map_err(|error| anyhow::anyhow!("{error}"))?;
    let provider = peek.provider(SdkMeterProvider::builder().with_view(exponential));
    let meter = provider.meter("latency");
    let builder = meter.f64_histogram(name).with_unit("s");
    let histogram = match name {
        "advised" => builder.with_boundaries(SECONDS.to_vec()).build(),
        _ => builder.build(),
    };
    latencies.iter().for_each(|seconds| histogram.record(*seconds, &[]));
    if spoiled {
        histogram.record(1e-9, &[]);
    }
    match peek.collect(&provider).pop().map(|series| series.value) {
        Some(Value::Histogram { buckets, .. }) => Ok(buckets),
        other => anyhow::bail!("no histogram: {other:?}"),
    }
}

// ANCHOR: quantile
/// The quantile as backends compute it: its bucket is known, its place in there is a guess. Between two boundaries the
/// guess is linear. Where each bucket is wider than the one before by the same factor, it is geometric.
fn quantile(buckets: &[Bucket], quantile: f64) -> (Bucket, f64) {
    let rank = quantile * buckets.iter().map(|bucket| bucket.count).sum::<u64>() as f64;
    let is_exponential = buckets[0].upper == 0.0 && buckets[0].lower == 0.0;
    let mut below = 0.0;
    for bucket in buckets {
        let count = bucket.count as f64;
        if count > 0.0 && below + count >= rank {
            let (part, lower) = ((rank - below) / count, bucket.lower.max(0.0));
            let guess = match is_exponential {
                _ if bucket.upper.is_infinite() => bucket.lower, // nothing better is known
                true => lower * (bucket.upper / lower).powf(part),
                false => lower + (bucket.upper - lower) * part,
            };
            return (*bucket, guess);
        }
        below += count;
    }
    unreachable!("there are values, and the last bucket has all of them below it")
}
// ANCHOR_END: quantile
