//! The commands. Each assembles the parts that it needs; only this module knows all of them.

pub(crate) mod check;
mod credential_file;
mod encoding;
pub(crate) mod exec;
pub(crate) mod health;
pub(crate) mod login;
mod otlp;
mod private_file;
mod process;
pub(crate) mod run;
mod sandbox;
pub(crate) mod service;
