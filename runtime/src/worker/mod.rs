//! The worker: takes messages from the queue, runs an action on each, emits the outcome and settles the delivery. Knows
//! no particular action and no third-party API.

mod emit;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod hooks;
mod in_flight;
mod lifecycle;
mod process;
mod received;
mod settings;
mod start_error;
mod step;
mod summary;

pub(crate) use events::Starting;
pub(crate) use hooks::{HookSettings, shut_down};
pub(crate) use lifecycle::run;
pub(crate) use settings::WorkerSettings;
pub(crate) use start_error::StartError;
