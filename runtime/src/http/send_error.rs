//! Why a call has no answer.

use std::{error::Error, io};

use hyper_util::client::legacy;
use reqwest::Url;

use super::{interim::MAX_INTERIM_ANSWERS, reason, unreadable};
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

/// Why one request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("its address is not one of HTTP")]
    Address,
    #[error("more than {MAX_INTERIM_ANSWERS} interim answers (1xx) came before it")]
    Interim,
    #[error("the request failed")]
    Client(#[from] legacy::Error),
}

impl SendError {
    /// A call that could not be built.
    pub(super) fn unbuilt(error: &reqwest::Error) -> Self {
        Self::Refused(reason(error))
    }

    /// `url`: what was called. `redirected`: whether a server has answered with a redirect before.
    pub(super) fn of(error: &ExchangeError, url: &Url, redirected: bool) -> Self {
        let error = match error {
            ExchangeError::Address => return Self::Refused(error.to_string()),
            ExchangeError::Interim => return Self::Unreadable(error.to_string()),
            ExchangeError::Client(error) => error,
        };
        if let Some(problem) = certificate(error) {
            let host = url.host_str().unwrap_or("the server");
            return Self::Refused(format!("the certificate of {host} is not accepted: {problem}. {TRUST_ADVICE}"));
        }
        if let Some(what) = unreadable(error) {
            return Self::Unreadable(what);
        }
        if error.is_connect() && !redirected { Self::NotSent(reason(error)) } else { Self::Broken(reason(error)) }
    }

    /// What kind of error it is, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not_sent",
            Self::Broken(_) => "broken",
            Self::Unreadable(_) => "unreadable",
            Self::Refused(_) => "refused",
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
fn certificate(error: &legacy::Error) -> Option<String> {
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
