//! Scripted answers: what a test, a file or an HTTP call has the sandbox answer instead of behaving normally.
//!
//! [`answer`] and [`script`] are the form of the data, [`short_form`] is the same for a command line, [`prepared`] checks
//! an answer and turns it into bytes, [`scripts`] matches answers to calls and counts how often each was given, and
//! [`progress`] tells that in words.

mod answer;
mod prepared;
mod progress;
mod queue;
mod script;
mod scripts;
mod short_form;

pub use answer::{Answer, HeaderValues, Reset, Then};
pub(crate) use prepared::{Execution, Prepared};
pub(crate) use progress::Progress;
pub use script::{AnswerError, Answers, Script};
pub(crate) use scripts::Scripts;
