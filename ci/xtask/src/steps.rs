//! Steps that say what they do and how long it took.

use std::time::{Duration, Instant};

/// The steps of a command, and the time of each.
#[derive(Default)]
pub struct Steps {
    done: Vec<Row>,
}

struct Row {
    name: String,
    time: Duration,
    /// A part of the step above it, which has counted it already.
    is_part: bool,
}

impl Steps {
    /// Runs a step and announces it.
    pub fn step<T>(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        println!("\n── {name}");
        let began = Instant::now();
        let result = step();
        self.done.push(Row { name: name.to_owned(), time: began.elapsed(), is_part: false });
        result
    }

    /// Says of the last step what a part of it took.
    pub fn part(&mut self, name: &str, time: Duration) {
        self.done.push(Row { name: format!("  {name}"), time, is_part: true });
    }

    /// Prints which share of the time each step took.
    pub fn table(&self) {
        print!("{}", self.lines());
    }

    fn lines(&self) -> String {
        let total: Duration = self.done.iter().filter(|row| !row.is_part).map(|row| row.time).sum();
        let mut lines = format!("\n{:<52} {:>9} {:>6}\n", "step", "time", "share");
        for Row { name, time, .. } in &self.done {
            let share = 100.0 * time.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON);
            lines += &format!("{name:<52} {:>8.1}s {share:>5.1}%\n", time.as_secs_f64());
        }
        lines + &format!("{:<52} {:>8.1}s\n", "total", total.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_in_the_table_and_not_counted_twice() {
        let row = |name: &str, seconds, is_part| Row { name: name.into(), time: Duration::from_secs(seconds), is_part };
        let steps = Steps { done: vec![row("build", 30, false), row("run", 10, false), row("  site", 5, true)] };
        let lines = steps.lines();
        let words: Vec<Vec<&str>> = lines.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[2], ["build", "30.0s", "75.0%"]);
        assert_eq!(words[4], ["site", "5.0s", "12.5%"]);
        assert_eq!(words[5], ["total", "40.0s"]);
    }
}
