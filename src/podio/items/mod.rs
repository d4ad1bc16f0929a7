//! Items of Podio's apps: what a step's form offers, what its messages ask for, and the calls that come of it.
//!
//! - [`ItemStep`]: a step that works with the items of an app
//! - [`ItemInput`], [`Criterion`], [`ItemSettings`]: what messages and the form say
//! - [`find`], [`write`]: the calls
//! - [`emitted`], [`metadata`]: what comes out, and how the mapper sees it

mod apps;
mod calls;
mod criterion;
pub(crate) mod emitted;
pub(crate) mod find;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod input;
pub(crate) mod metadata;
mod places;
mod query;
mod results;
mod settings;
mod step;
mod target;
pub(crate) mod write;

pub(crate) use calls::{Calls, app_error, explained, failure, read};
pub(crate) use criterion::Criterion;
pub(crate) use input::{ItemInput, object};
pub(crate) use query::Query;
pub(crate) use results::Results;
pub(crate) use settings::{EmitBehavior, ItemSettings};
pub(crate) use step::{ItemStep, Trouble};
pub(crate) use target::{Target, nothing, only};
