//! The commands. Each assembles the parts that it needs; only this module knows all of them.

pub(crate) mod exec;
mod process;
pub(crate) mod run;
pub(crate) mod service;
