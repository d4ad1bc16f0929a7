//! The commands: each puts the parts together that it needs. The only place where everything is known.

pub(crate) mod exec;
mod process;
pub(crate) mod run;
pub(crate) mod service;
