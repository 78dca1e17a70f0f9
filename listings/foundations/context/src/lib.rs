//! The trace follows the work: across tasks, threads and channels.
//!
//! A span is current on a thread while it is entered. What runs on another thread, or later, must be handed it. In
//! reading order: [`tasks`], [`threads`], [`channel`], [`incoming`].

pub mod channel;
pub mod incoming;
pub mod tasks;
pub mod threads;
