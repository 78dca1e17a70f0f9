//! skeptic over the inline Rust fences of every page.
//!
//! skeptic knows no includes, and names a test after a file's stem and a heading's ASCII letters. So `build.rs` hands it
//! one prepared file a page, `en_patterns_circuit-breaker_build.md`, with nothing but the fences, each under the id of
//! its section and on the line of its page. Both editions have the same fences (the parity gate sees to it), so each is compiled once.
