//! Builds HTTP clients, sends their calls and describes their errors, both for the platform's API and for a component's.

use std::{error::Error as _, time::Duration};

use reqwest::{
    Client, ClientBuilder,
    header::{ACCEPT_ENCODING, HeaderMap},
    redirect, retry,
};

pub mod body;
mod coding;
mod public_address;
mod reach;
mod redirects;
mod send;
mod send_error;
mod unreadable;

pub use reach::{OutOfReach, Reach};
pub use send::send;
pub use send_error::SendError;
pub use unreadable::unreadable;

/// The longest wait for a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The reason of a call that took longer than its time-out.
const LATE: &str = "no answer in time";

/// Why an HTTP client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client could not be built from its settings.
    #[error("the HTTP client could not be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// Builds a client that sends `user_agent`. Its calls go through [`send`], which follows redirects.
///
/// # Errors
/// See [`ClientError`].
pub fn client(user_agent: &str) -> Result<Client, ClientError> {
    Ok(builder(user_agent)?.redirect(redirects::policy(None)).build()?)
}

/// Builds a client that follows no redirect; the answer is the redirect itself.
///
/// # Errors
/// See [`ClientError`].
pub fn client_without_redirects(user_agent: &str) -> Result<Client, ClientError> {
    Ok(builder(user_agent)?.redirect(redirect::Policy::none()).build()?)
}

/// Builds a client that calls only hosts within `reach`, and no proxy, which would look names up itself. The first address
/// of a call is the caller's to check, with [`Reach::check`].
///
/// # Errors
/// See [`ClientError`].
pub fn client_within(user_agent: &str, reach: Reach) -> Result<Client, ClientError> {
    let builder = builder(user_agent)?.no_proxy().dns_resolver(reach.clone());
    Ok(builder.redirect(redirects::policy(Some(reach))).build()?)
}

fn builder(user_agent: &str) -> Result<ClientBuilder, ClientError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(crate::tls::config()?)
        .user_agent(user_agent)
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, coding::ACCEPTED)]))
        .http1_max_headers(unreadable::MAX_HEADERS)
        // Callers have their own retry policies; the client's would keep a copy of every request.
        .retry(retry::never())
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .referer(false);
    Ok(builder)
}

/// What went wrong, from the innermost cause; without the URL, whose query may hold secrets.
#[must_use]
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return LATE.to_owned();
    }
    if let Some(text) = unreadable(error) {
        return format!("the answer cannot be read: {text}");
    }
    let mut cause = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    text.unwrap_or_else(|| "the request failed".to_owned())
}
