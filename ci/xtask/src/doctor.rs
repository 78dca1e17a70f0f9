//! What is there, and what is not.

use crate::parts::{Bring, PARTS};

/// Prints a table. What is missing is no error: `test` and `serve` bring it, or say who can.
pub fn run() {
    println!("  {:<16} {:<30} {:<10} {:<42} brought by", "part", "found", "wanted", "for");
    let mut missing = 0;
    for part in &PARTS {
        let there = part.is_there();
        let found: String = (part.found)().unwrap_or_else(|| "–".into()).chars().take(30).collect();
        let mark = if there { '✓' } else { '✗' };
        let how = if there { "" } else { part.how };
        println!("{mark} {:<16} {found:<30} {:<10} {:<42} {how}", part.name, (part.wanted)(), part.purpose);
        missing += usize::from(!there && !matches!(part.bring, Bring::PersonForVersus));
    }
    if missing > 0 {
        println!("\n{missing} to be brought: `cargo xtask test` brings what it can, and says what it cannot");
    }
}
