//! The commands a contributor learns: serve, test, check, doctor, bench, versus, pairs.
fn main() {}
