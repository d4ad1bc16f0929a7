//! How HTTP clients are made and how their errors are told, for the platform's API and for Podio's alike.

use std::error::Error as _;

use reqwest::{Client, ClientBuilder, redirect};

/// What the program calls itself.
const USER_AGENT: &str = concat!("podio-component/", env!("CARGO_PKG_VERSION"));

/// A client that follows redirects by `policy`.
///
/// # Errors
/// When the machine's certificate store cannot be read.
pub fn client(policy: redirect::Policy) -> Result<Client, reqwest::Error> {
    builder(policy).build()
}

fn builder(policy: redirect::Policy) -> ClientBuilder {
    // A second installation answers with an error and changes nothing: the first one counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent(USER_AGENT).redirect(policy).tcp_nodelay(true).referer(false)
}

/// What went wrong, from the innermost cause; without the URL, whose query may hold secrets.
#[must_use]
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    text.unwrap_or_else(|| error.to_string())
}
