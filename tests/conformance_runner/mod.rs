//! Runs the scenarios in `tests/conformance` against the built program, a real broker and the sandbox.

mod calls;
mod emits;
mod hosts;
mod message;
mod normalise;
mod observation;
mod pairing;
mod pattern;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scenario;
mod secrets;
mod verdict;
