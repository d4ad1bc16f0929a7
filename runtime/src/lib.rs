#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! - [`Component`], [`Info`], [`Step`]: what a component brings, and what it gets
//! - [`action`]: what an action or trigger gets, what it may do, how it ends; its hooks
//! - [`platform`]: messages, JSON that passes unchanged, the platform's REST API and object storage
//! - [`http`]: builds HTTP clients and reads answers
//! - [`settings`]: variables, read leniently; all problems are reported together
//! - [`stop`]: the request to stop
//! - [`telemetry`]: what the process tells of itself
//!
//! Behind them, not part of the interface: the connections to the broker, the worker, the commands.

mod amqp;
mod cli;
mod commands;
mod component;
mod dispatcher;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
pub mod http;
mod large;
pub mod platform;
pub mod settings;
pub mod stop;
pub mod telemetry;
mod tls;
mod worker;

pub use cli::main;
pub use commands::run::run_until;
pub use component::{Component, Info, MessageTime, Step};

/// What an action gets, what it may do besides returning, and how it ends.
pub mod action {
    pub use crate::{
        dispatcher::{
            Action, ApiAnswer, Context, Emitter, ErrorCode, Failure, HookContext, HttpReply, Interruption, Registry,
        },
        platform::{flow_type::FlowType, snapshot::Snapshot},
    };
}
