//! The worker: takes messages from the queue, lets an action process each, emits the outcome and settles the
//! message. Knows no particular action and no third-party API.

mod emitter;
mod fingerprint;
mod lifecycle;
mod outbox;
mod process;
mod publish;
mod rate_limit;
mod register;
mod result;
mod seal;
mod step;

pub use lifecycle::{RunError, run, shut_down};
