//! The commands: each puts the parts together that it needs. The only place where everything is known.

pub mod exec;
pub mod run;
pub mod service;
mod setup;
