//! Steps that say what they do and how long it took.

use std::time::{Duration, Instant};

/// The steps of a command, and the time of each.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs a step and announces it.
    pub fn step(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        println!("\n── {name}");
        let began = Instant::now();
        let result = step();
        self.done.push((name.to_owned(), began.elapsed()));
        if result.is_err() {
            self.table();
        }
        result
    }

    /// Prints which share of the time each step took.
    pub fn table(&self) {
        let total: Duration = self.done.iter().map(|(_, time)| *time).sum();
        println!("\n{:<52} {:>9} {:>6}", "step", "time", "share");
        for (name, time) in &self.done {
            let share = 100.0 * time.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON);
            println!("{name:<52} {:>8.1}s {share:>5.1}%", time.as_secs_f64());
        }
        println!("{:<52} {:>8.1}s", "total", total.as_secs_f64());
    }
}
