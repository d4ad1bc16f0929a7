//! Runs the recorded scenarios of the folder `conformance` against the built program, a real broker and the sandbox.

mod calls;
mod comparable;
mod emits;
mod message;
mod observation;
mod pairing;
mod pattern;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scenario;
mod secrets;
mod verdict;
