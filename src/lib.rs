//! Podio component: a worker for integration platforms of the elastic.io kind. It takes encrypted messages from a
//! RabbitMQ queue, lets an action call Podio's API with the step's credential, and publishes the result, or the error,
//! to the platform's exchange.
//!
//! The modules, and who may use whom (never the other way round):
//!
//! ```text
//! commands ──► worker ──► amqp
//!    │           ├──────► dispatcher   (the Action trait, the registry: name → action)
//!    │           │            ▲
//!    └──► actions ────────────┘        (fills the registry; one file per action)
//!            └──► podio                (all of them may use platform, settings and http)
//! ```
//!
//! - [`platform`]: what the platform defines: cipher, headers, message, REST API
//! - [`amqp`]: the broker; the only module that names the AMQP client library
//! - [`dispatcher`]: from a function's name to its action
//! - [`worker`]: start, work, stop; one delivery from arrival to settlement
//! - [`podio`]: requests, retry policy, credential, cooldown
//! - [`actions`]: one file per action
//! - [`commands`], [`cli`]: what the program can be told to do
//! - [`settings`], [`telemetry`], [`http`]: settings, logs, HTTP clients
//!
//! `worker`, `amqp`, `platform` and `dispatcher` know nothing of Podio.

pub mod actions;
pub mod amqp;
pub mod cli;
pub mod commands;
pub mod dispatcher;
pub mod http;
pub mod platform;
pub mod podio;
pub mod settings;
pub mod telemetry;
pub mod worker;
