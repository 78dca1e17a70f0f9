//! What a queue loses: foretold by the rule, and counted at the SDK's own processor.

use cost::{Queue, provoke};

const SPANS: usize = 20_000;

fn main() -> anyhow::Result<()> {
    println!("{:>6} {:>6} {:>13} {:>6} {:>9} {:>8}", "queue", "batch", "during export", "limit", "forecast", "counted");
    let row = |queue: Queue, meanwhile: usize| -> anyhow::Result<()> {
        let outcome = provoke(queue, SPANS, meanwhile)?;
        let load = format!("{} %", 100 * meanwhile / queue.batch);
        let [forecast, counted] = [outcome.forecast.dropped, outcome.counted.dropped];
        println!("{:>6} {:>6} {meanwhile:>13} {load:>6} {forecast:>9} {counted:>8}", queue.size, queue.batch);
        Ok(())
    };
    let default = Queue::default();
    for meanwhile in [256, 512, 600, 768, 1_024, 2_048, SPANS] {
        row(default, meanwhile)?;
    }
    println!("\nthe same load, other bounds");
    for queue in [default, Queue { size: 4 * default.size, ..default }, Queue { batch: 2 * default.batch, ..default }] {
        row(queue, 1_024)?;
    }
    Ok(())
}
