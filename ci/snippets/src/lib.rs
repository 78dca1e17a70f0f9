//! skeptic over the inline Rust fences of every page.
