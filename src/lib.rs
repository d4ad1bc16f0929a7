//! The Podio component: actions that call Podio's API with a step's credential. It is built on [`elasticio_runtime`],
//! the Rust runtime for elastic.io components, which handles the queue, messages, the platform's API and the commands.
//!
//! ```text
//! component ──► actions, triggers ──► podio ──► rest ──► elasticio_runtime
//! ```
//!
//! - [`PodioComponent`]: the component, as the runtime runs it
//! - `actions`: one file per action
//! - `triggers`: one file per trigger
//! - [`podio`]: everything specific to Podio: names, statuses, settings, the fields of a step
//! - [`rest`]: a polite client for an OAuth2 REST API: addresses, retries, tokens, rate limits, files

mod actions;
mod component;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
pub mod podio;
pub mod rest;
mod triggers;

pub use component::PodioComponent;

/// The `User-Agent` of the component's HTTP clients.
pub(crate) const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
