//! Why a call has no answer.

use std::{error::Error, io};

use super::{reason, unreadable};
use crate::tls::{TRUST_ADVICE, certificate_problem};

/// Why a call has no answer. Never names an address with its path or query.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There was no connection, so no server has seen the call.
    #[error("{0}")]
    NotSent(String),
    /// The answer is missing. The server may have executed the call.
    #[error("{0}")]
    Broken(String),
    /// An answer came, but cannot be read; what is wrong with it. The server has most likely executed the call.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// Another attempt would fail the same way: a certificate that is not accepted, a redirect that is not followed, or a
    /// request that cannot be sent.
    #[error("{0}")]
    Refused(String),
}

impl SendError {
    /// `redirected`: whether a server has answered with a redirect before.
    pub(super) fn of(error: &reqwest::Error, redirected: bool) -> Self {
        if let Some(problem) = certificate(error) {
            let host = error.url().and_then(reqwest::Url::host_str).unwrap_or("the server");
            return Self::Refused(format!("the certificate of {host} is not accepted: {problem}. {TRUST_ADVICE}"));
        }
        if let Some(what) = unreadable(error) {
            return Self::Unreadable(what);
        }
        let reason = reason(error);
        if error.is_builder() || error.is_redirect() {
            Self::Refused(reason)
        } else if error.is_connect() && !redirected {
            Self::NotSent(reason)
        } else {
            Self::Broken(reason)
        }
    }

    /// Whether another attempt may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// What is wrong with the server's certificate, if that is the cause. I/O errors hide what they wrap from the chain of
/// causes.
fn certificate(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let mut wrapped = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        while let Some(nested) = wrapped.and_then(|wrapped| wrapped.downcast_ref::<io::Error>()) {
            wrapped = nested.get_ref();
        }
        let tls = wrapped.and_then(|wrapped| wrapped.downcast_ref::<rustls::Error>()).or(inner.downcast_ref());
        if let Some(problem) = tls.and_then(certificate_problem) {
            return Some(problem);
        }
        cause = inner.source();
    }
    None
}
