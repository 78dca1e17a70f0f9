//! Cost of a call.
fn main() {}
