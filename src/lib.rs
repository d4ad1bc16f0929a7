//! The Podio component: actions that call Podio's API with a step's credential, on the Rust runtime of an elastic.io
//! component ([`elasticio_runtime`]), which brings the queue, the messages, the platform's API and the commands.
//!
//! ```text
//! component ──► actions ──► podio ──► rest ──► elasticio_runtime
//! ```
//!
//! - [`PodioComponent`]: what the runtime is given
//! - [`actions`]: one file per action
//! - [`podio`]: what is Podio's own: names, statuses, settings, the fields of a step
//! - [`rest`]: an OAuth2 REST API called politely: addresses, retries, tokens, rate limits, files

pub mod actions;
mod component;
pub mod podio;
pub mod rest;

pub use component::PodioComponent;

/// What the component's HTTP clients call themselves.
pub const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
