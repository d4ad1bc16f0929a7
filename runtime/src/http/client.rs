//! The HTTP client: builds calls, sends them, and follows their redirects.

use std::{fmt, pin::pin, sync::Arc};

use hyper::http;
use reqwest::{IntoUrl, Method, Request, RequestBuilder, Response, ResponseBuilderExt, Url, header::HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::{
    LATE, Reach, SendError,
    coding::decoded,
    connector::Connector,
    redirects::{Chain, target},
    transport::Transport,
};

/// Why an HTTP client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client could not be built from its settings.
    #[error("the HTTP client could not be built: {0}")]
    Client(#[from] reqwest::Error),
    /// The name that the client gives itself cannot be sent.
    #[error("the HTTP client could not be built: its user agent has characters that no header may have")]
    UserAgent,
}

/// A client of HTTP servers. Copies share their connections. Every call goes through [`Self::send`].
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    /// Builds calls and sends none: its connections cannot be bounded as [`Transport`]'s are.
    calls: reqwest::Client,
    transport: Transport,
    redirects: Redirects,
}

/// What a client does about redirects.
enum Redirects {
    /// The redirect is the answer.
    Returned,
    /// They are followed, to any host or only within a reach.
    Followed(Option<Reach>),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client that sends `user_agent` and follows redirects.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn new(user_agent: &str) -> Result<Self, ClientError> {
        Self::with(user_agent, Redirects::Followed(None))
    }

    /// A client that follows no redirect; the answer is the redirect itself.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn without_redirects(user_agent: &str) -> Result<Self, ClientError> {
        Self::with(user_agent, Redirects::Returned)
    }

    /// A client that calls only hosts within `reach`, and no proxy. The first address of a call is the caller's to check,
    /// with [`Reach::check`].
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn within(user_agent: &str, reach: Reach) -> Result<Self, ClientError> {
        Self::with(user_agent, Redirects::Followed(Some(reach)))
    }

    fn with(user_agent: &str, redirects: Redirects) -> Result<Self, ClientError> {
        let tls = crate::tls::config()?;
        let reach = match &redirects {
            Redirects::Followed(reach) => reach.clone(),
            Redirects::Returned => None,
        };
        let user_agent = HeaderValue::from_str(user_agent).map_err(|_| ClientError::UserAgent)?;
        Ok(Self(Arc::new(Shared {
            calls: reqwest::Client::builder().tls_backend_preconfigured(tls.clone()).no_proxy().build()?,
            transport: Transport::new(Connector::new(tls, reach), user_agent),
            redirects,
        })))
    }

    /// Begins a call. What is wrong with its address is an error of [`Self::send`].
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.0.calls.request(method, url)
    }

    /// Begins a GET.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a POST.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Sends a call. Redirects are followed as far as the client follows them; the answer is the last one. Its head must
    /// come before `deadline`; how long its body may take is up to the reader. The body is decoded while it is read; what
    /// is wrong with its content coding is an error of the body.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, call: RequestBuilder, deadline: Instant) -> Result<Response, SendError> {
        // Pinned, since it is large and would be moved.
        let answered = timeout_at(deadline, pin!(self.answer(call))).await;
        answered.unwrap_or_else(|_| Err(SendError::Broken(LATE.to_owned())))
    }

    async fn answer(&self, call: RequestBuilder) -> Result<Response, SendError> {
        let mut request = call.build().map_err(|error| SendError::unbuilt(&error))?;
        let mut chain = Chain::of(&request);
        loop {
            let kept = copy(&request);
            let sent = self.0.transport.exchange(request).await;
            let answer = sent.map_err(|error| SendError::of(&error, kept.url(), chain.followed > 0))?;
            let Redirects::Followed(reach) = &self.0.redirects else { return Ok(response(answer, kept.url())) };
            let Some(next) = target(answer.status(), answer.headers(), kept.url()) else {
                return Ok(response(answer, kept.url()));
            };
            if let Some(reach) = reach {
                reach.check(&next).map_err(|refusal| SendError::Refused(refusal.to_string()))?;
            }
            request =
                chain.follow(answer.status(), kept, next).map_err(|refusal| SendError::Refused(refusal.to_string()))?;
        }
    }
}

/// A copy of a request; without its content, if that can be sent only once.
fn copy(request: &Request) -> Request {
    request.try_clone().unwrap_or_else(|| {
        let mut copy = Request::new(request.method().clone(), request.url().clone());
        copy.headers_mut().clone_from(request.headers());
        copy
    })
}

/// The answer from `url`, as it is read.
fn response(answer: http::Response<hyper::body::Incoming>, url: &Url) -> Response {
    let (parts, body) = answer.into_parts();
    let mut answer = http::Response::builder()
        .status(parts.status)
        .version(parts.version)
        .url(url.clone())
        .body(reqwest::Body::wrap(body))
        .expect("its parts are those of an answer");
    *answer.headers_mut() = parts.headers;
    decoded(answer.into())
}
