//! Which traces are kept: by ratio, by parent, by route.
//!
//! In reading order: a [`ratio`] decides by the trace id and says what a kept trace stands for, [`rules`] choose the ratio
//! by route, the [`edge`] lets nobody outside decide, [`debug`] keeps what somebody with the token asked for, and a
//! [`limit`] bounds how many that can be.

pub mod debug;
pub mod edge;
pub mod limit;
pub mod ratio;
pub mod rules;
