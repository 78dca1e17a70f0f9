//! What a child process writes, line by line.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// As many lines are kept for an error message.
const KEPT: usize = 200;

/// The last lines of a child. A thread reads until the child closes its end.
#[derive(Debug, Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    read: usize,
    ended: bool,
}

impl Log {
    /// Reads `pipe` from now on.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::<Self>::default();
        let writer = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                writer.change(|state| {
                    state.lines.push_back(line);
                    state.read += 1;
                    if state.lines.len() > KEPT {
                        state.lines.pop_front();
                    }
                });
            }
            writer.change(|state| state.ended = true);
        });
        log
    }

    /// The first line in which `found` finds something; `None` when the child ended or the time is over before.
    pub(crate) fn find<T>(&self, patience: Duration, mut found: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut seen = 0;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let first = state.read - state.lines.len();
            if let Some(found) = state.lines.iter().skip(seen.max(first) - first).find_map(|line| found(line)) {
                return Some(found);
            }
            seen = state.read;
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the child has closed its end.
    pub(crate) fn ended(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended
    }

    /// The last lines.
    pub(crate) fn tail(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}
