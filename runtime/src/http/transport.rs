//! Sends one request over the connections that a client keeps, and awaits the head of its answer.

use std::time::Duration;

use hyper::{
    Request, Response,
    body::Incoming,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT},
};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use reqwest::Body;

use super::{
    coding, connector::Connector, interim::InterimAnswers, send_error::ExchangeError, unreadable::MAX_HEADERS,
};

/// How long a connection that is not used stays open.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// The connections of a client, and what all its requests say.
pub(super) struct Transport {
    client: Client<Connector, Body>,
    connector: Connector,
    user_agent: HeaderValue,
}

impl Transport {
    pub(super) fn new(connector: Connector, user_agent: HeaderValue) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http1_max_headers(MAX_HEADERS)
            .build(connector.clone());
        Self { client, connector, user_agent }
    }

    /// Sends a request, with the headers that every request has. The answer may be a redirect.
    pub(super) async fn exchange(&self, request: reqwest::Request) -> Result<Response<Incoming>, ExchangeError> {
        let mut request = Request::<Body>::try_from(request).map_err(|_| ExchangeError::Address)?;
        if !matches!(request.uri().scheme_str(), Some("http" | "https")) {
            return Err(ExchangeError::Address);
        }
        let authorization = self.connector.proxy_authorization(request.uri());
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(ACCEPT_ENCODING).or_insert(coding::ACCEPTED);
        if let Some(authorization) = authorization {
            headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        let interim = InterimAnswers::to(&mut request);
        tokio::select! {
            answer = self.client.request(request) => Ok(answer?),
            // What was sent is dropped, and its connection closed.
            () = interim.too_many() => Err(ExchangeError::Interim),
        }
    }
}
