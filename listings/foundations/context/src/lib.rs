//! The trace follows the work: across tasks, threads, channels, services and processes.
//!
//! A span is current on a thread while it is entered. What runs on another thread, or later, must be handed it. In
//! reading order: [`tasks`], [`stream`], [`threads`], [`channel`] inside a process; [`incoming`], [`service`],
//! [`message`], [`process`] between processes; and [`baggage`], which goes the same ways.

pub mod baggage;
pub mod channel;
pub mod incoming;
pub mod message;
pub mod process;
pub mod service;
pub mod stream;
pub mod tasks;
pub mod threads;
