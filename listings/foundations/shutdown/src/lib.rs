//! Every way a program ends, on every runtime, over both transports: what arrives, and how long it takes.
//!
//! There is no library: `examples/shutdown-matrix.rs` is the listing. It runs itself once for each case.
