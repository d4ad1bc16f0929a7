//! The redirect policy of every client (protocol, section 8.8): at most five are followed. Within the origin of a call they
//! are followed as they are. To another origin goes only a GET without content, and without the call's headers: neither a
//! credential nor what a message holds.

use std::cell::RefCell;

use reqwest::{Method, Request, StatusCode, Url, redirect::Policy};

use super::Reach;

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
    /// Where the last answer leads, if that is another origin, to which the request goes without its headers.
    pub(super) elsewhere: Option<Url>,
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

tokio::task_local! {
    /// The redirects of the current call. The HTTP client runs its policy in the call's task.
    static CHAIN: RefCell<Chain>;
}

/// Awaits a call of a client with [`policy`]; also returns what became of `chain`.
pub(super) async fn tracked<T>(chain: Chain, call: impl Future<Output = T>) -> (T, Chain) {
    let tracked = async { (call.await, CHAIN.with(RefCell::take)) };
    CHAIN.scope(RefCell::new(chain), tracked).await
}

/// Follows redirects within an origin, as far as they may be followed; the answer of one that leads elsewhere is returned.
/// Nothing outside of `reach` is called.
pub(super) fn policy(reach: Option<Reach>) -> Policy {
    Policy::custom(move |attempt| {
        if let Some(Err(refusal)) = reach.as_ref().map(|reach| reach.check(attempt.url())) {
            return attempt.error(refusal);
        }
        let step = CHAIN.try_with(|chain| {
            let last = attempt.previous().last()?;
            Some(chain.borrow_mut().step(attempt.status(), last, attempt.url()))
        });
        match step {
            Ok(Some(Ok(Step::Within))) => attempt.follow(),
            Ok(Some(Err(refusal))) => attempt.error(refusal),
            // Without a chain, it is unknown what the request carries.
            Ok(Some(Ok(Step::Elsewhere)) | None) | Err(_) => attempt.stop(),
        }
    })
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
        // As the HTTP client does (RFC 9110, sections 15.4.2 to 15.4.4).
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
        self.elsewhere = (!within).then(|| next.clone());
        Ok(if within { Step::Within } else { Step::Elsewhere })
    }

    /// Why a redirect with this `location` was not followed though the policy was not asked: the client does not ask it
    /// about a request whose content it cannot send again.
    pub(super) fn not_asked(&self, status: StatusCode, last: &Url, location: Option<&str>) -> Option<Refusal> {
        let followed = matches!(
            status,
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let next = last.join(location?).ok()?;
        (self.content == Content::Stream && followed).then(|| Refusal::Stream(place(&next)))
    }
}

/// Scheme, host and port of an address.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    fn chain(method: Method, content: Content) -> Chain {
        Chain { method, content, ..Chain::default() }
    }

    #[test]
    fn content_stays_within_its_origin() {
        use Content::{Absent, Bytes};
        let elsewhere = ["http://other/b", "http://h:81/b", "https://h/b", "https://h:80/b", "http://h.evil/b"];
        for (method, content, status, allowed) in [
            (Method::GET, Absent, 302, true),
            (Method::GET, Absent, 308, true),
            (Method::GET, Bytes, 301, false),
            (Method::GET, Bytes, 307, false),
            (Method::GET, Bytes, 303, true),
            (Method::POST, Bytes, 301, true),
            (Method::POST, Bytes, 302, true),
            (Method::POST, Bytes, 303, true),
            (Method::POST, Bytes, 307, false),
            (Method::POST, Bytes, 308, false),
            (Method::POST, Absent, 307, false),
            (Method::PUT, Bytes, 301, false),
            (Method::PUT, Bytes, 302, false),
            (Method::PUT, Bytes, 303, true),
            (Method::PUT, Bytes, 307, false),
            (Method::DELETE, Absent, 302, false),
            (Method::DELETE, Absent, 307, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            for next in elsewhere {
                let mut chain = chain(method.clone(), content);
                let step = chain.step(status, &url("http://h/a"), &url(next));
                let wanted = if allowed { Ok(Step::Elsewhere) } else { Err(Refusal::Content(place(&url(next)))) };
                assert_eq!(step, wanted, "{method} {content:?} {status} {next}");
                assert_eq!(chain.elsewhere, allowed.then(|| url(next)));
            }
            let mut chain = chain(method.clone(), content);
            assert_eq!(chain.step(status, &url("http://h/a"), &url("http://h:80/b?c")), Ok(Step::Within), "{method}");
        }
    }

    #[test]
    fn a_method_that_became_get_stays_get() {
        let mut chain = chain(Method::POST, Content::Bytes);
        assert_eq!(chain.step(StatusCode::SEE_OTHER, &url("http://h/a"), &url("http://h/b")), Ok(Step::Within));
        let step = chain.step(StatusCode::TEMPORARY_REDIRECT, &url("http://h/b"), &url("http://other/c"));
        assert_eq!(step, Ok(Step::Elsewhere));
    }

    #[test]
    fn at_most_five_are_followed_and_only_to_plain_http_addresses() {
        let mut chain = chain(Method::GET, Content::Absent);
        for next in ["http://h/b", "http://other/c", "http://other/d", "http://h/e", "http://h/f"] {
            chain.step(StatusCode::FOUND, &url("http://h/a"), &url(next)).expect("one of five");
        }
        let step = chain.step(StatusCode::FOUND, &url("http://h/a"), &url("http://h/g"));
        assert_eq!(step, Err(Refusal::TooMany));

        for (next, refusal) in [
            ("http://user:pass@h/secret?q", Refusal::Login("http://h".to_owned())),
            ("https://token@other:8443/", Refusal::Login("https://other:8443".to_owned())),
            ("ftp://h/b", Refusal::Scheme("ftp".to_owned())),
        ] {
            let step = Chain::default().step(StatusCode::FOUND, &url("http://h/a"), &url(next));
            assert_eq!(step.as_ref(), Err(&refusal), "{next}");
            let text = refusal.to_string();
            assert!(!text.contains("user:") && !text.contains("token") && !text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_stream_is_not_sent_again() {
        let last = url("http://h/a");
        let stream = chain(Method::POST, Content::Stream);
        let refusal = stream.not_asked(StatusCode::TEMPORARY_REDIRECT, &last, Some("http://other/b?secret"));
        assert_eq!(refusal, Some(Refusal::Stream("http://other".to_owned())));
        assert_eq!(stream.not_asked(StatusCode::TEMPORARY_REDIRECT, &last, None), None);
        assert_eq!(stream.not_asked(StatusCode::OK, &last, Some("/b")), None);
        let bytes = chain(Method::POST, Content::Bytes);
        assert_eq!(bytes.not_asked(StatusCode::TEMPORARY_REDIRECT, &last, Some("/b")), None);
    }
}
