//! The redirect policy of every client (protocol, section 8.8): at most five are followed. Within the origin of a call they
//! are followed as they are. To another origin goes only a GET without content, and without the call's headers: neither a
//! credential nor what a message holds.

use reqwest::{
    Method, Request, StatusCode, Url,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, TRANSFER_ENCODING},
};

/// The number of redirects that one call follows.
const MAX_REDIRECTS: usize = 5;

/// Why a redirect is not followed. Names where it leads, without path and query, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it redirected more than {MAX_REDIRECTS} times; use the address that it finally leads to")]
    TooMany,
    #[error(
        "it redirected the request to {0}, another origin, where only a GET without content may go; nothing was sent there"
    )]
    Content(String),
    #[error(
        "it redirected the request to {0}; a stream cannot be sent a second time, so use that address from the start"
    )]
    Stream(String),
    #[error("it redirected to an address with a user or password at {0}; nothing was sent there")]
    Login(String),
    #[error("it redirected to {0}, which is neither http nor https")]
    Scheme(String),
}

/// What a request carries, and how it was redirected so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    method: Method,
    content: Content,
    /// Redirects that were followed.
    pub(super) followed: usize,
}

/// The content of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Content {
    #[default]
    Absent,
    Bytes,
    /// Can be sent once.
    Stream,
}

/// What to do about a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Follow it as it is.
    Within,
    /// Send a GET there, without the request's headers.
    Elsewhere,
}

impl Chain {
    /// The chain of a request that was not sent yet.
    pub(super) fn of(request: &Request) -> Self {
        let content = match request.body().map(reqwest::Body::as_bytes) {
            None | Some(Some([])) => Content::Absent,
            Some(Some(_)) => Content::Bytes,
            Some(None) => Content::Stream,
        };
        Self { method: request.method().clone(), content, ..Self::default() }
    }

    /// The request that follows `last`, whose answer led to `next`.
    pub(super) fn follow(&mut self, status: StatusCode, mut last: Request, next: Url) -> Result<Request, Refusal> {
        match self.step(status, last.url(), &next)? {
            Step::Within => {
                *last.method_mut() = self.method.clone();
                *last.url_mut() = next;
                if self.content == Content::Absent {
                    *last.body_mut() = None;
                    for name in [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING] {
                        last.headers_mut().remove(name);
                    }
                }
                Ok(last)
            }
            Step::Elsewhere => {
                let mut request = Request::new(Method::GET, next);
                if let Some(accept) = last.headers_mut().remove(ACCEPT) {
                    request.headers_mut().insert(ACCEPT, accept);
                }
                Ok(request)
            }
        }
    }

    /// Decides about a redirect and records it.
    fn step(&mut self, status: StatusCode, last: &Url, next: &Url) -> Result<Step, Refusal> {
        if self.followed == MAX_REDIRECTS {
            return Err(Refusal::TooMany);
        }
        if !matches!(next.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(next.scheme().to_owned()));
        }
        // RFC 9110, section 4.2.4: treat a user in an address from elsewhere as an error.
        if !next.username().is_empty() || next.password().is_some() {
            return Err(Refusal::Login(place(next)));
        }
        if self.content == Content::Stream && status != StatusCode::SEE_OTHER {
            return Err(Refusal::Stream(place(next)));
        }
        // RFC 9110, sections 15.4.2 to 15.4.4.
        let dropped = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::SEE_OTHER => true,
            _ => false,
        };
        if dropped {
            (self.method, self.content) = (Method::GET, Content::Absent);
        }
        let within = last.origin() == next.origin();
        if !within && (self.method != Method::GET || self.content != Content::Absent) {
            return Err(Refusal::Content(place(next)));
        }
        self.followed += 1;
        Ok(if within { Step::Within } else { Step::Elsewhere })
    }
}

/// Where an answer of `url` redirects to; `None` if it is none of the redirects that are followed, or names no address.
pub(super) fn target(status: StatusCode, headers: &HeaderMap, url: &Url) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
    url.join(location).ok()
}

/// Scheme, host and port of an address.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
