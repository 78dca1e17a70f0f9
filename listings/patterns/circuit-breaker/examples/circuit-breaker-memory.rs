//! What breakers weigh: the growth of the resident set when many are made and used. Linux only, because it reads
//! `/proc`. `cargo xtask bench patterns/circuit-breaker` runs it and keeps the rows.

use std::hint::black_box;

use circuit_breaker::{CircuitBreaker, Config};

fn main() -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for count in [10_000, 1_000] {
        let before = resident_kib()?;
        let breakers: Vec<CircuitBreaker> = (0..count)
            .map(|host| CircuitBreaker::new(format!("upstream-{host}"), Config::default()))
            .collect::<Result<_, _>>()?;
        for breaker in &breakers {
            (0..100).for_each(|_| assert_eq!(breaker.call_blocking(|| Ok::<_, ()>(42)), Ok(42)));
        }
        let kib = resident_kib()?.saturating_sub(before);
        // Kept until the end, so that the next count finds no memory to use again.
        std::mem::forget(black_box(breakers));
        let case = format!("{},{:03} breakers", count / 1_000, count % 1_000);
        rows.push(serde_json::json!({ "case": case, "subject": "circuit-breaker, resident set", "value": kib, "low": kib, "high": kib }));
    }
    println!("{}", serde_json::json!({ "versions": {}, "rows": rows }));
    Ok(())
}

fn resident_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or_else(|| anyhow::anyhow!("/proc/self/status has no VmRSS"))?.parse()?)
}
